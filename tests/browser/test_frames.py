"""What the page makes of frames, those our server never sends included."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.server import ANN, ROOM, Server, attendance, message, publication
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

GATEWAY = {"connectionId": "c", "requestId": "r"}


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            {"type": "error", "code": "unavailable", "retry": True, "request_id": "r-1"},
            "unavailable; try again",
        ),
        (
            {"type": "error", "code": "brand_new", "retry": False, "request_id": "r-1"},
            "brand_new (request r-1)",
        ),
        ({"message": "Forbidden", **GATEWAY}, "API Gateway has no route for this message"),
        ({"message": "Internal server error", **GATEWAY}, "the backend failed or gave no valid answer"),
        ({"message": "Endpoint request timed out", **GATEWAY}, "the backend took longer than 29 seconds"),
        ({"message": "Too Many Requests", **GATEWAY}, "API Gateway says: Too Many Requests"),
    ],
)
async def test_an_error_is_said_in_words_when_it_answers_nothing(
    ann: Visitor, server: Server, frame: dict[str, Any], words: str
) -> None:
    server.send(frame)

    await expect(ann.log).to_contain_text(words)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("bad_request", "the server could not read this"),
        ("invalid_message", "a field is missing or wrong; data: missing"),
        ("unknown_route", "the server knows no such action"),
        ("too_large", "too large"),
        ("unauthorized", "you are not signed in"),
        ("forbidden", "you may not do this"),
        ("unavailable", "the backend is unavailable"),
        ("conflict", "somebody else changed the same thing"),
        ("internal", "the backend failed"),
    ],
)
async def test_a_refusal_is_said_in_words_when_a_message_is_refused(
    ann: Visitor, server: Server, code: str, words: str
) -> None:
    refusal = {"type": "error", "code": code, "retry": False, "request_id": "r-1"}
    if code == "invalid_message":
        refusal["fields"] = [{"field": "data", "problem": "missing"}]
    server.answers["channel.publish"] = refusal

    await ann.say("hello")

    await expect(ann.receipt).to_contain_text(f"Not sent: {words}")
    await expect(ann.receipt).to_contain_text("(request r-1)")
    await expect(ann.page.get_by_label("Message to everyone")).to_have_value("hello")
    await expect(ann.log.get_by_role("listitem")).to_have_count(0)


async def test_the_counters_are_shown_when_a_direct_message_did_not_reach_every_connection(
    ann: Visitor, server: Server
) -> None:
    server.answers["direct.send"] = {
        "type": "direct.sent",
        "message_id": "m",
        "recipients": 9,
        "sent": 5,
        "gone": 2,
        "slow": 0,
        "failed": 2,
        "complete": False,
    }
    await ann.choose("Bob")

    await ann.say("hello")

    await expect(ann.receipt).to_have_text("Sent to 5 of 9 (2 gone, 2 failed), the rest follows")


async def test_unknown_frames_are_left_out_when_they_come(ann: Visitor, server: Server) -> None:
    for frame in (
        {"v": 2, "type": "brand.new", "message": "x"},
        {"v": 1, "type": "pong", "time": 1},
        {"v": 1, "type": "presence.joined", "channel": "room:elsewhere", "user_id": "u", "connection": {}},
        publication(1, "x", channel="room:elsewhere"),
    ):
        server.send(frame)
    server.send(publication(1, "last"))

    await expect(ann.log.get_by_role("listitem")).to_have_count(1)


async def test_garbage_is_noted_once_when_it_comes_again(ann: Visitor, server: Server) -> None:
    for garbage in ("garbage", "[1]", "null", "7", "", {}, {"type": 7}, publication(1, "x", position=7)):
        server.send(garbage)
    server.send(publication(1, "last"))

    await expect(ann.log.get_by_text("not of the protocol")).to_have_count(1)
    await expect(ann.log.get_by_role("listitem")).to_have_count(2)


@pytest.mark.parametrize(
    "frame",
    [
        {"v": 1, "type": "message"},
        message("x", sender=None),
        message("x", sender="Bob", sent_at="now", data=None),
        message("x", sent_at=10**30, data={"text": 7}),
        publication(1, "x", sender=None, data=None),
        publication(1, "x", sender={"name": {}}, data={"text": "x", "toString": 1}, sent_at=10**30),
    ],
)
async def test_a_message_is_shown_as_far_as_it_goes_when_it_is_malformed(
    ann: Visitor, server: Server, frame: dict[str, Any]
) -> None:
    server.send(frame)
    server.send(message("last"))

    await expect(ann.log.get_by_role("listitem")).to_have_count(2)


async def test_a_message_is_shown_once_when_it_comes_twice(ann: Visitor, server: Server) -> None:
    for frame in (publication(1, "twice"), message("twice"), publication(2, "last")):
        server.send(frame)
        server.send(frame)

    await expect(ann.log.get_by_role("listitem")).to_have_count(3)


@pytest.mark.parametrize(("kept", "words"), [([3, 4], "does not keep them for so long"), ([2, 3, 4], None)])
async def test_what_is_missing_is_fetched_or_said_when_a_message_was_lost(
    ann: Visitor, server: Server, kept: list[int], words: str | None
) -> None:
    pages = {"channel": ROOM, "position": {"epoch": "e", "offset": 4}, "more": False}
    entries = [publication(offset, f"n{offset}") for offset in kept]
    server.answers["channel.history"] = {"type": "channel.history", **pages, "publications": entries}
    server.send(publication(1, "n1"))
    server.send(publication(4, "n4"))
    await expect(ann.log).to_contain_text("n1")

    await ann.page.clock.run_for(1_000)

    await expect(ann.log).to_contain_text("n4")
    shown = await ann.log.locator("li:not(.note) p").all_text_contents()
    assert shown == ["n1", *(f"n{offset}" for offset in kept)]
    await expect(ann.log.get_by_text(words or "are missing here")).to_have_count(1 if words else 0)


async def test_comings_and_goings_are_told_when_a_person_has_two_connections(
    ann: Visitor, server: Server
) -> None:
    for kind, since in (("joined", 1), ("joined", 2), ("left", 1), ("left", 2)):
        line = {"name": "Eve", "connected_at": since}
        server.send(
            {"v": 1, "type": f"presence.{kind}", "channel": ROOM, "user_id": "u-3", "connection": line}
        )

    await expect(ann.log.get_by_text("Eve left")).to_have_count(1)
    await expect(ann.log.get_by_text("Eve joined")).to_have_count(1)
    await expect(ann.person("Eve")).to_have_count(0)


async def test_the_list_is_refreshed_when_time_passes(ann: Visitor, server: Server) -> None:
    server.answers["ping"] = {"type": "pong", "time": 1}
    before = server.actions().count("presence.get")
    server.answers["presence.get"] = attendance(ANN)
    await expect(ann.person("Bob")).to_have_count(1)

    for _ in range(2):
        await ann.page.clock.run_for(60_000)

    await expect(ann.person("Bob")).to_have_count(0)
    assert server.actions().count("presence.get") == before + 1


async def test_typing_is_told_when_it_begins_and_now_and_then(ann: Visitor, server: Server) -> None:
    await ann.page.clock.pause_at(await ann.page.evaluate("Date.now() / 1_000 + 10"))
    text = ann.page.get_by_label("Message to")
    await text.press_sequentially("hello")
    await ann.page.clock.run_for(3_000)
    await text.press_sequentially("!")
    await ann.choose("Bob")
    await ann.page.clock.run_for(3_000)
    await text.press_sequentially("?")

    told = [each for each in server.requests if each.get("channel") == "live:lobby"]
    assert [each["data"] for each in told] == [{"typing": True}] * 2
    assert all("key" not in each for each in told)


async def test_who_types_is_shown_until_they_stop_or_say_it(ann: Visitor, server: Server) -> None:
    typing = ann.page.locator("#typing")
    sign = publication(1, "", channel="live:lobby", position=None, data={"typing": True})
    server.send(sign)
    server.send({**sign, "sender": {"user_id": "u-3", "name": "Eve"}})
    server.send({**sign, "sender": {"user_id": "u-1", "name": "Ann"}})
    await expect(typing).to_have_text("Bob and Eve are typing …")

    server.send(publication(1, "said"))
    await expect(typing).to_have_text("Eve is typing …")
    await ann.page.clock.run_for(5_000)
    await expect(typing).to_have_text("")
