"""How many requests to DynamoDB each message makes: what the store's table in docs/operations.md is for."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.framework.realtime.backend import NOW, Backend

GET, QUERY, PUT, UPDATE = "GetItem", "Query", "PutItem", "UpdateItem"
TRANSACTION, WRITES, READS = "TransactWriteItems", "BatchWriteItem", "BatchGetItem"
ME = {GET: 1}
"""Every message first reads the connection it came over."""

COUNTED = {GET: 1, UPDATE: 1}
"""Those that store something, or are sent on: counting them is one request, and says they were heard of."""

SHARDS = {QUERY: 4}
"""The subscribers of a channel, once each shard."""


@pytest.fixture
def room(backend: Backend) -> Backend:
    """Ann and Bob on a channel with one publication; Cid on none."""
    for letter in "abc":
        backend.connect(f"{letter}=")
    for letter in "ab":
        backend.subscribe(f"{letter}=", "room:1", "news:1", "live:1")
    backend.publish("a=", "room:1", 0, key="k0")
    return backend


def since(backend: Backend, missed: int) -> dict[str, Any]:
    page = backend.send("c=", {"action": "channel.history", "channel": "room:1"})
    return {**page["position"], "offset": page["position"]["offset"] - missed}


def subscribe(channel: str, missed: int | None = None) -> Callable[[Backend], Callable[[], Any]]:
    def prepare(backend: Backend) -> Callable[[], Any]:
        position = None if missed is None else since(backend, missed)
        wanted = [{"channel": channel, "since": position}]
        return lambda: backend.send("c=", {"action": "channel.subscribe", "channels": wanted})

    return prepare


def message(action: str, now: int = NOW, **fields: Any) -> Callable[[Backend], Callable[[], Any]]:
    return lambda backend: lambda: backend.send("a=", {"action": action, **fields}, now)


def positions(backend: Backend) -> Callable[[], Any]:
    place = since(backend, 0)
    return lambda: backend.send("a=", {"action": "ping", "positions": {"room:1": place, "news:1": place}})


Costs = list[dict[str, int]]
MESSAGES: dict[str, tuple[Callable[[Backend], Callable[[], Any]], Costs]] = {
    "connect": (lambda backend: lambda: backend.connect("d="), [{GET: 1, TRANSACTION: 1}]),
    "ping": (message("ping"), [ME]),
    "publish after 30 s": (
        message("channel.publish", NOW + 30_000, channel="news:1", data=1),
        [COUNTED],
    ),
    "ping after 30 s": (message("ping", NOW + 30_000), [ME, {UPDATE: 1}]),
    "ping with positions": (positions, [ME, {READS: 1}]),
    "hello": (message("hello"), [ME]),
    "subscribe, telling others": (subscribe("room:1"), [COUNTED, {TRANSACTION: 1, GET: 1}, SHARDS]),
    "subscribe, nobody told": (subscribe("news:1"), [COUNTED, {TRANSACTION: 1, GET: 1}]),
    # The beat is read where no channel of the request asks for a fast one.
    "subscribe without history": (subscribe("live:1"), [COUNTED, {TRANSACTION: 1, GET: 1}, {QUERY: 1}]),
    "recover, nothing missed": (subscribe("room:1", 0), [COUNTED, {TRANSACTION: 1, GET: 1}, SHARDS]),
    "recover, one missed": (
        subscribe("room:1", 1),
        [COUNTED, {TRANSACTION: 1, GET: 1}, {QUERY: 1}, SHARDS],
    ),
    "publish": (
        message("channel.publish", channel="room:1", data=1, key="k1"),
        [COUNTED, {GET: 1}, {GET: 1, TRANSACTION: 1}, SHARDS],
    ),
    "publish again": (
        message("channel.publish", channel="room:1", data=1, key="k0"),
        [COUNTED, {GET: 1}, {GET: 1, TRANSACTION: 1}, {GET: 1, QUERY: 1}, SHARDS],
    ),
    "publish without history": (
        message("channel.publish", channel="live:1", data=1),
        [COUNTED, {GET: 1}, {GET: 1}, {QUERY: 16}],
    ),
    "publish where one may not": (message("channel.publish", channel="news:1", data=1), [COUNTED]),
    "history": (message("channel.history", channel="room:1"), [ME, {GET: 1, QUERY: 1}]),
    "history where there is none": (message("channel.history", channel="live:1"), [ME]),
    "presence": (message("presence.get", channel="room:1"), [ME, {GET: 1}, SHARDS, {READS: 1}]),
    "unsubscribe": (
        message("channel.unsubscribe", channels=["room:1"]),
        [COUNTED, {QUERY: 1, TRANSACTION: 1}, {GET: 1}, SHARDS, {QUERY: 1}],
    ),
    "disconnect from no channel": (
        lambda backend: lambda: backend.disconnect("c="),
        [{UPDATE: 1, WRITES: 1}],
    ),
    "disconnect, telling others": (
        lambda backend: lambda: backend.disconnect("b="),
        [{UPDATE: 1, QUERY: 1, WRITES: 1}, {GET: 1}, SHARDS],
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_requests_are_no_more_than_they_must_be(room: Backend, case: str) -> None:
    prepare, costs = MESSAGES[case]
    measured = prepare(room)
    room.meter.requests.clear()

    measured()

    assert room.meter.requests == sum(map(Counter, costs), Counter())
