"""What the page makes of frames, those our server never sends included."""

import json
from typing import Any

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.browser.server import ANN, BOB, Server, message
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
        ("not_found", "this person is no longer connected"),
        ("connection_gone", "the server no longer knows this connection"),
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
    server.answers["broadcast"] = refusal

    await ann.say("hello")

    await expect(ann.receipt).to_contain_text(f"Not sent: {words}")
    await expect(ann.receipt).to_contain_text("(request r-1)")
    await expect(ann.page.get_by_label("Message to everyone")).to_have_value("hello")


async def test_the_counters_are_shown_when_not_everybody_was_reached(ann: Visitor, server: Server) -> None:
    server.answers["broadcast"] = {
        "v": 1,
        "type": "broadcast.sent",
        "message_id": "m",
        "recipients": 9,
        "sent": 5,
        "gone": 2,
        "slow": 0,
        "failed": 2,
        "complete": False,
    }

    await ann.say("hello")

    await expect(ann.receipt).to_have_text("Sent to 5 of 9 (2 gone, 2 failed), the rest follows")


async def test_unknown_frames_are_left_out_when_they_come(ann: Visitor, server: Server) -> None:
    for frame in (
        {"v": 2, "type": "brand.new", "message": "x"},
        {"v": 1, "type": "pong", "time": 1},
        {},
        {"type": 7, "id": {}},
    ):
        server.send(frame)
    server.send(message("last"))

    await expect(ann.log.get_by_role("listitem")).to_have_count(1)


async def test_garbage_is_noted_once_when_it_comes_again(ann: Visitor, server: Server) -> None:
    for garbage in ("garbage", "[1]", "null", "7", ""):
        server.send(garbage)
    server.send(message("last"))

    await expect(ann.log.get_by_text("not of the protocol")).to_have_count(1)
    await expect(ann.log.get_by_role("listitem")).to_have_count(2)


@pytest.mark.parametrize(
    "frame",
    [
        {"v": 1, "type": "message"},
        message("x", sender=None),
        message("x", sender="Bob", sent_at="now", data=None),
        message("x", sent_at=10**30, data={"text": 7}),
        message("x", data={"text": "x", "toString": 1}),
    ],
)
async def test_a_message_is_shown_as_far_as_it_goes_when_it_is_malformed(
    ann: Visitor, server: Server, frame: dict[str, Any]
) -> None:
    server.send(frame)
    server.send(message("last"))

    await expect(ann.log.get_by_role("listitem")).to_have_count(2)


async def test_a_message_is_shown_once_when_it_comes_twice(ann: Visitor, server: Server) -> None:
    server.send(message("twice"))
    server.send(message("twice"))
    server.send(message("last"))

    await expect(ann.log.get_by_role("listitem")).to_have_count(2)


async def test_everybody_is_listed_when_there_are_several_pages(ann: Visitor, server: Server) -> None:
    eve = {**BOB, "user_id": "u-3", "name": "Eve"}
    pages = iter([([ANN, BOB], "next"), ([], "more"), ([eve, BOB], None)])

    def answer(socket: WebSocketRoute, text: str) -> None:
        request = json.loads(text)
        server.requests.append(request)
        people, cursor = next(pages)
        socket.send(
            json.dumps({"v": 1, "type": "who", "people": people, "cursor": cursor, "id": request["id"]})
        )

    socket = server.sockets[-1]
    socket.on_message(lambda text: answer(socket, str(text)))
    await ann.refresh()

    await expect(ann.person("Eve")).to_have_count(1)
    await expect(ann.page.get_by_role("radio")).to_have_count(4)
    assert [request["cursor"] for request in server.requests[-3:]] == [None, "next", "more"]


async def test_the_list_is_refreshed_when_time_passes(ann: Visitor, server: Server) -> None:
    before = server.actions().count("who")
    server.answers["who"] = {"v": 1, "type": "who", "people": [ANN], "cursor": None}

    await ann.page.clock.run_for(30_000)

    await expect(ann.person("Bob")).to_have_count(0)
    assert server.actions().count("who") == before + 1
