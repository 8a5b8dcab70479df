"""What bad input gets, message by message: a typed frame, a living connection, and nobody else the wiser.

Covers signalbox.realtime.routes.failures.
"""

import json
from typing import Any

import pytest

from tests.framework.realtime.backend import Backend

BAD: dict[str, tuple[Any, str]] = {
    "not JSON": ("hello", "bad_request"),
    "empty": ("", "bad_request"),
    "not an object": ("[1]", "bad_request"),
    "NaN": ('{"action": "broadcast", "data": NaN}', "bad_request"),
    "infinity": ('{"action": "broadcast", "data": 1e999}', "bad_request"),
    "lone surrogate": ('{"action": "broadcast", "data": "\\ud800"}', "bad_request"),
    "10,000 levels": ('{"action": "broadcast", "data": ' + "[" * 10_000 + "]" * 10_000 + "}", "bad_request"),
    "17 levels": ('{"action": "broadcast", "data": ' + "[" * 16 + "]" * 16 + "}", "bad_request"),
    "5,000 digits": ('{"action": "broadcast", "data": ' + "1" * 5_000 + "}", "bad_request"),
    "unknown action": ({"action": "dance"}, "unknown_route"),
    "no action": ({"data": 1}, "unknown_route"),
    "action of another type": ({"action": ["ping"]}, "unknown_route"),
    "missing field": ({"action": "broadcast"}, "invalid_message"),
    "wrong field": ({"action": "who", "limit": "many"}, "invalid_message"),
    "number as text": ({"action": "who", "limit": "5"}, "invalid_message"),
    "limit out of range": ({"action": "who", "limit": 0}, "invalid_message"),
    "empty recipient": ({"action": "direct.send", "to": "", "data": 1}, "invalid_message"),
    "another version": ({"action": "ping", "v": 2}, "invalid_message"),
    "32,769 bytes": (json.dumps({"action": "broadcast", "data": ""})[:-2] + "é" * 16_367 + '"}', "too_large"),
    "id of another type": ({"action": "ping", "id": {"a": 1}}, "bad_request"),
    "id of 65 characters": ({"action": "ping", "id": "x" * 65}, "bad_request"),
}


@pytest.mark.parametrize("case", BAD)
def test_frame_is_typed_and_the_connection_lives_when_input_is_bad(backend: Backend, case: str) -> None:
    message, code = BAD[case]
    backend.connect("a=")
    backend.connect("b=")

    assert backend.send("a=", message)["code"] == code

    assert backend.send("a=", {"action": "ping"})["type"] == "pong"
    assert backend.frames_to("b=") == []


def test_message_is_accepted_when_it_has_32_768_bytes(backend: Backend) -> None:
    backend.connect("a=")
    text = json.dumps({"action": "broadcast", "data": ""})
    message = text[:-2] + "x" * (32_768 - len(text)) + '"}'
    assert len(message) == 32_768

    assert backend.send("a=", message)["sent"] == 1


@pytest.mark.parametrize("error", [Exception, KeyError, SystemExit], ids=lambda error: error.__name__)
def test_client_learns_nothing_when_a_handler_raises(backend: Backend, error: type[BaseException]) -> None:
    @backend.on_message("fail")
    async def fail() -> None:
        raise error("secret")

    backend.connect("a=")
    frame = backend.send("a=", {"action": "fail", "id": 3})

    assert frame == {
        "type": "error",
        "code": "internal",
        "retry": False,
        "request_id": frame["request_id"],
        "id": 3,
    }
    assert backend.send("a=", {"action": "ping"})["type"] == "pong"


def test_nothing_is_sent_when_a_handler_returns_nothing(backend: Backend) -> None:
    @backend.on_message("quiet")
    async def quiet() -> None: ...

    backend.connect("a=")

    assert backend.send("a=", {"action": "quiet"}) is None
