import json
from typing import Any

import pytest

from signalbox.client.connection.frames import read_frame
from signalbox.client.terminal.transcript import Line, Tone, clock, describe
from tests.framework.client.backend import NOON, message, refusal, reply, report

ANN = {"user_id": "u-1", "name": "Ann"}


def line(frame: dict[str, Any]) -> Line:
    """How a frame is shown."""
    return describe(read_frame(json.dumps(frame)))


def test_a_message_shows_time_and_sender_when_it_is_for_everyone() -> None:
    assert line(message(ANN, {"text": "hello"})) == Line(f"{clock(NOON)} Ann: hello", Tone.MESSAGE)


def test_a_message_says_so_when_it_is_for_you_alone() -> None:
    shown = line(message(ANN, {"text": "psst"}, audience="you"))

    assert shown == Line(f"{clock(NOON)} → you from Ann: psst", Tone.DIRECT)


def test_a_publication_names_its_channel_when_one_comes() -> None:
    frame = {
        "type": "publication",
        "channel": "room:1",
        "sender": ANN,
        "data": {"text": "x"},
        "sent_at": NOON,
    }

    assert line(frame) == Line(f"{clock(NOON)} room:1 Ann: x", Tone.MESSAGE)
    assert line({"type": "publication"}).text == '{"type": "publication"}'


@pytest.mark.parametrize("data", [{"text": "a", "more": 1}, {"text": 1}, [1, "é"], 7, None])
def test_a_message_shows_json_when_it_is_more_than_a_text(data: object) -> None:
    shown = json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    assert line(message(ANN, data)).text == f"{clock(NOON)} Ann: {shown}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\r", r"a\nb\r"),
        ("\x9b1m", r"\x9b1m"),
        ("\u202eabc", r"\u202eabc"),
        ("\ud800", r"\ud800"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_control_characters_are_visible_when_somebody_sends_them(text: str, shown: str) -> None:
    assert line(message({**ANN, "name": text}, {"text": text})).text == f"{clock(NOON)} {shown}: {shown}"


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        (reply({}, "pong", time=NOON), f"pong, the server's clock says {clock(NOON)}"),
        (
            reply({}, "whoami", **ANN, guest=True, connected_at=NOON, expires_at=NOON // 1000),
            f"you are Ann, user id u-1; this connection ends by {clock(NOON)}",
        ),
        (
            reply({}, "who", people=[{**ANN, "connected_at": NOON}], cursor=None),
            f"1 connected\n  Ann  u-1  since {clock(NOON)}",
        ),
        (reply({}, "who", people=[], cursor="c-1"), "0 connected, and more\n  the next ones: /who c-1"),
        (report({}, "broadcast.sent", 3), "sent to 3 of 3"),
        (report({}, "direct.sent", 3, sent=1, gone=2), "sent to 1 of 3 (2 gone)"),
        (
            report({}, "broadcast.sent", 0, complete=False, queued=True),
            "on its way to many; the numbers follow",
        ),
        (report({}, "broadcast.report", 9, sent=8, gone=1), "sent to 8 of 9 (1 gone)"),
        (report({}, "broadcast.report", 9, sent=8, complete=False), "sent to 8 of 9, then time ran out"),
        ({"type": "session.expiring", "within": 180}, "your session ends within 180 s"),
        (
            {"type": "presence.joined", "channel": "room:1", "user_id": "u-1", "connection": {"name": "Ann"}},
            "Ann, user id u-1, came to room:1",
        ),
        (
            {"type": "presence.left", "channel": "room:1", "user_id": "u-1", "connection": {"name": "Ann"}},
            "Ann, user id u-1, left room:1",
        ),
        (
            {"type": "disconnect", "code": "slow", "reconnect": True},
            "the server is about to close the connection: slow",
        ),
        (
            report({}, "broadcast.sent", 9, sent=4, slow=1, failed=2, complete=False),
            "sent to 4 of 9 (1 slow, 2 failed), the rest follows",
        ),
    ],
)
def test_a_reply_is_said_in_words_when_it_is_of_the_protocol(frame: dict[str, Any], shown: str) -> None:
    assert line(frame) == Line(shown, Tone.REPLY)


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        (refusal("not_found"), "error: nobody there [not_found, request r-1]"),
        (
            refusal("unavailable", retry=True),
            "error: the backend is unavailable; try again [unavailable, request r-1]",
        ),
        (refusal("brand_new"), "error: brand_new [brand_new, request r-1]"),
        (
            refusal("invalid_message", fields=[{"field": "data", "problem": "missing"}, "x"]),
            "error: a field is missing or wrong; data: missing [invalid_message, request r-1]",
        ),
        (
            {"message": "Internal server error", "connectionId": "c", "requestId": "r"},
            "API Gateway: the backend failed or gave no valid answer",
        ),
        ({"message": "Brand new", "connectionId": "c", "requestId": "r"}, "API Gateway: Brand new"),
    ],
)
def test_an_error_is_said_in_words_when_one_comes(frame: dict[str, Any], shown: str) -> None:
    assert line(frame) == Line(shown, Tone.ERROR)


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "[1,2]",
        '{"v":1,"type":"brand.new"}',
        '{"v":1,"type":"message"}',
        '{"v":1,"type":"message","sender":"Ann","data":1,"sent_at":"now","audience":[]}',
        '{"type":"error","code":7}',
        '{"type":["error"]}',
    ],
)
def test_a_frame_is_shown_as_it_came_when_it_is_not_of_the_protocol(text: str) -> None:
    assert describe(read_frame(text)) == Line(text, Tone.REPLY)


def test_a_frame_is_shown_as_it_came_when_it_is_nested_too_deeply_to_be_written() -> None:
    for depth in (300, 600, 900, 2_000, 20_000):
        nested = "[" * depth + "]" * depth
        frame = json.dumps(message(ANN, "?")).replace('"?"', nested)

        assert nested in describe(read_frame(frame)).text


@pytest.mark.parametrize("data", ["1e999", '{"text":[-1e999]}'])
def test_a_frame_is_shown_as_it_came_when_a_number_is_too_large_to_be_written(data: str) -> None:
    frame = json.dumps(message(ANN, "?")).replace('"?"', data)

    assert describe(read_frame(frame)) == Line(frame, Tone.REPLY)


@pytest.mark.parametrize("name", ["sent", "gone", "slow", "failed"])
def test_a_terminal_obeys_nothing_when_a_count_is_none(name: str) -> None:
    shown = line(report({}, "broadcast.sent", 9, **{name: "\x1b[2J"})).text

    assert "\\x1b[2J" in shown
    assert shown.isprintable()


def test_the_clock_is_blank_when_the_instant_is_impossible() -> None:
    assert clock(10**30) == "--:--:--"
