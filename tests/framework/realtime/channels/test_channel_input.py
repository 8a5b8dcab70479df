"""Bad input to channels gets a typed frame, and nothing is stored.

Covers signalbox.realtime.routes.channels.
"""

from collections.abc import Callable
from typing import Any

import pytest

from connection_store.wire import decode
from tests.framework.realtime.backend import NOW, Backend

PLACE = {"epoch": "e", "offset": 1}


def subscribe(*channels: Any) -> dict[str, Any]:
    return {"action": "channel.subscribe", "channels": [{"channel": each} for each in channels]}


def since(position: Any) -> dict[str, Any]:
    return {"action": "channel.subscribe", "channels": [{"channel": "room:1", "since": position}]}


def publish(channel: Any = "room:1", **fields: Any) -> dict[str, Any]:
    return {"action": "channel.publish", "channel": channel, "data": 1, **fields}


NAMES = {
    "a separator of keys": "room:1#2",
    "a separator of prefixes": "tenant/room:1",
    "a line's end": "room:1\n",
    "a space": "room: 1",
    "not ASCII": "room:é",
    "empty": "",
    "129 characters": "room:" + "x" * 124,
    "no text": 7,
    "null": None,
}
POSITIONS = {
    "negative": {"epoch": "e", "offset": -1},
    "text": {"epoch": "e", "offset": "1"},
    "a fraction": {"epoch": "e", "offset": 1.5},
    "true": {"epoch": "e", "offset": True},
    "beyond 2^53": {"epoch": "e", "offset": 2**53},
    "no epoch": {"offset": 1},
    "an empty epoch": {"epoch": "", "offset": 1},
    "an epoch that is none": {"epoch": 7, "offset": 1},
    "an epoch of 10 KB": {"epoch": "e" * 10_000, "offset": 1},
    "a number": 5,
    "a list": ["e", 1],
}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    **{f"subscribe, {case}": (subscribe(name), "invalid_message") for case, name in NAMES.items()},
    **{f"publish, {case}": (publish(name), "invalid_message") for case, name in NAMES.items()},
    **{f"since, {case}": (since(position), "invalid_message") for case, position in POSITIONS.items()},
    **{
        f"history, {case}": (
            {"action": "channel.history", "channel": "room:1", "until": position},
            "invalid_message",
        )
        for case, position in POSITIONS.items()
    },
    **{
        f"ping, {case}": ({"action": "ping", "positions": {"room:1": position}}, "invalid_message")
        for case, position in POSITIONS.items()
    },
    "unknown channel": (subscribe("attic:1"), "unknown_channel"),
    "one unknown among known": (subscribe("room:1", "attic:1"), "unknown_channel"),
    "one forbidden among allowed": (subscribe("room:1", "members:1"), "forbidden"),
    "publish, unknown": (publish("attic:1"), "unknown_channel"),
    "history, unknown": ({"action": "channel.history", "channel": "attic:1"}, "unknown_channel"),
    "presence, unknown": ({"action": "presence.get", "channel": "attic:1"}, "unknown_channel"),
    "no channels": (subscribe(), "invalid_message"),
    "50 channels": (subscribe(*(f"room:{n}" for n in range(50))), "invalid_message"),
    "101 positions": (
        {"action": "ping", "positions": {f"room:{n}": PLACE for n in range(101)}},
        "invalid_message",
    ),
    "position of a name with a separator": (
        {"action": "ping", "positions": {"room#1": PLACE}},
        "invalid_message",
    ),
    "publish without subscribe": (publish(), "forbidden"),
    "publish where only the server does": (publish("news:1"), "forbidden"),
    "a key of 10 KB": (publish(key="k" * 10_240), "invalid_message"),
    "a key of 65 characters": (publish(key="k" * 65), "invalid_message"),
    "a key with a separator": (publish(key="a#b"), "invalid_message"),
    "an empty key": (publish(key=""), "invalid_message"),
    "a key that is a number": (publish(key=7), "invalid_message"),
    "no data": ({"action": "channel.publish", "channel": "room:1"}, "invalid_message"),
    "history of 0": ({"action": "channel.history", "channel": "room:1", "limit": 0}, "invalid_message"),
    "history of 101": ({"action": "channel.history", "channel": "room:1", "limit": 101}, "invalid_message"),
    "reverse as text": (
        {"action": "channel.history", "channel": "room:1", "reverse": "yes"},
        "invalid_message",
    ),
    "presence of 101": ({"action": "presence.get", "channel": "room:1", "limit": 101}, "invalid_message"),
}

Rows = Callable[[], list[Any]]


@pytest.fixture
def rows(backend: Backend) -> Rows:
    """Everything in the table, but for when a connection was heard of and how often."""

    def read() -> list[Any]:
        found = map(decode, backend.items())
        rows = [{name: row[name] for name in row.keys() - {"last_seen", "busy_until"}} for row in found]
        return sorted(rows, key=lambda row: (row["pk"], row["sk"]))

    return read


def test_frame_is_typed_and_nothing_stored_when_input_is_bad(backend: Backend, rows: Rows) -> None:
    backend.connect("a=")
    before = rows()

    codes = {
        case: backend.send("a=", message, NOW + number * 1_000).get("code")
        for number, (case, (message, _)) in enumerate(BAD.items())
    }

    assert codes == {case: code for case, (_, code) in BAD.items()}
    assert rows() == before
    assert backend.gateway.posts == []


def test_nothing_is_stored_when_one_would_be_the_101st(backend: Backend, rows: Rows) -> None:
    backend.connect("a=")
    backend.subscribe("a=", "room:0")
    backend.count_channels("a=", 99)
    before = rows()

    assert backend.subscribe("a=", "room:99", "room:100")["code"] == "too_many_subscriptions"
    assert rows() == before
    assert backend.subscribe("a=", "room:0", "room:99")["type"] == "channel.subscribed"
    assert backend.subscribe("a=", "room:100")["code"] == "too_many_subscriptions"


def test_position_of_the_future_is_answered_with_the_present_one(backend: Backend) -> None:
    backend.connect("a=")
    epoch = backend.subscribe("a=", "room:1")["channels"][0]["position"]["epoch"]
    future = {"epoch": epoch, "offset": 2**53 - 1}

    (answer,) = backend.send("a=", since(future))["channels"]
    page = backend.send("a=", {"action": "channel.history", "channel": "room:1", "since": future})

    assert (answer["recovered"], answer["position"]["offset"]) == (False, 0)
    assert (page["publications"], page["more"]) == ([], False)


def test_channel_counts_once_when_it_is_named_twice(backend: Backend) -> None:
    backend.connect("a=")

    assert len(backend.subscribe("a=", "room:1", "room:1")["channels"]) == 1
