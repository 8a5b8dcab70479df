import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from connection_store import (
    Channel,
    Connection,
    ConnectionGoneError,
    ConnectionManager,
    InvalidKeyError,
    Subscriber,
    Subscription,
    SubscriptionLimitError,
    Subscriptions,
    Table,
)
from connection_store.schema import shard_of
from tests.contract.conftest import Ask
from tests.contract.instants import NOW

ID = "BFaT_fALIAMCKug="
ROOM = Channel("chat:1")

Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]


@pytest.fixture
async def ann(connections: ConnectionManager) -> Connection:
    return await connections.connect(ID, user_id="ann", name="Ann", now=NOW)


async def ids(subscriptions: Subscriptions, channel: str, **options: Any) -> list[str]:
    return [each.connection_id async for each in subscriptions.subscribers(channel, now=NOW, **options)]


async def count(connections: ConnectionManager, connection_id: str = ID) -> tuple[int, int]:
    connection = await connections.get_connection(connection_id, now=NOW)
    assert connection is not None
    return connection.channels, connection.watched


async def test_subscription_is_read_back_when_just_made(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager
) -> None:
    [subscribed] = await subscriptions.subscribe(ann, [ROOM], now=NOW)
    shard = shard_of(ID, 4)
    expected = Subscription(ID, "chat:1", shard, False, ann.expires_at)
    assert (subscribed.channel, subscribed.new, subscribed.head.offset) == (ROOM, True, 0)
    assert await subscriptions.subscriptions_of(ID, now=NOW) == [expected]
    assert await subscriptions.subscription(ID, "chat:1", now=NOW) == expected
    assert await subscriptions.subscription(ID, "chat:2", now=NOW) is None
    found = [each async for each in subscriptions.subscribers("chat:1", now=NOW)]
    assert found == [Subscriber(ID, "ann", NOW, ann.expires_at, shard)]
    assert await count(connections) == (1, 0)


async def test_rows_are_as_documented_when_subscribed(
    ann: Connection, subscriptions: Subscriptions, rows: Rows
) -> None:
    before = rows()
    [subscribed] = await subscriptions.subscribe(ann, [Channel("chat:1", 16, watched=True)], now=NOW)
    added = {key: row for key, row in rows().items() if key not in before}
    shard = shard_of(ID, 16)
    assert added == {
        (f"subs#{ID}", "chat:1"): {"shard": shard, "watched": True, "expires_at": ann.expires_at},
        (f"chan#chat:1#{shard}", ID): {"user": "ann", "connected_at": NOW, "expires_at": ann.expires_at},
        ("hist#chat:1", "@"): {
            "epoch": subscribed.head.epoch,
            "top": 0,
            "shards": 16,
            "published_at": 0,
            "expires_at": NOW // 1000 + 86_400,
        },
    }


async def test_f24_rows_hold_no_lists_or_sets(
    ann: Connection, subscriptions: Subscriptions, ask: Ask, table: Table
) -> None:
    await subscriptions.subscribe(ann, [Channel(f"chat:{n}") for n in range(40)], now=NOW)
    items = ask("Scan", TableName=table.name)["Items"]
    assert {kind for item in items for value in item.values() for kind in value} == {"S", "N", "BOOL"}


async def test_many_channels_are_subscribed_at_once_when_asked_for(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager
) -> None:
    channels = [Channel(f"chat:{n:02}", watched=n < 3) for n in range(49)]
    subscribed = await subscriptions.subscribe(ann, channels, now=NOW)
    assert [each.channel for each in subscribed] == channels
    assert len(await subscriptions.subscriptions_of(ID, now=NOW)) == 49
    assert await count(connections) == (49, 3)


@pytest.mark.parametrize("number", [0, 50])
async def test_nothing_is_stored_when_there_are_too_many_channels_or_none(
    ann: Connection, subscriptions: Subscriptions, rows: Rows, number: int
) -> None:
    before = rows()
    with pytest.raises(ValueError, match="1 to 49"):
        await subscriptions.subscribe(ann, [Channel(f"chat:{n}") for n in range(number)], now=NOW)
    assert rows() == before


async def test_channel_counts_once_when_subscribed_again(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager
) -> None:
    await subscriptions.subscribe(ann, [ROOM, ROOM], now=NOW)
    again = await subscriptions.subscribe(ann, [Channel("chat:0"), ROOM, Channel("chat:2")], now=NOW)
    assert [(each.channel.name, each.new) for each in again] == [
        ("chat:0", True),
        ("chat:1", False),
        ("chat:2", True),
    ]
    assert await count(connections) == (3, 0)
    [last] = await subscriptions.subscribe(ann, [ROOM], now=NOW)
    assert not last.new
    assert await count(connections) == (3, 0)


async def test_channel_counts_once_when_subscribed_twice_at_once(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager
) -> None:
    results = await asyncio.gather(*(subscriptions.subscribe(ann, [ROOM], now=NOW) for _ in range(6)))
    assert sum(each.new for [each] in results) == 1
    assert len({each.head for [each] in results}) == 1
    assert await count(connections) == (1, 0)


async def test_hundred_and_first_subscription_is_refused(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager, rows: Rows
) -> None:
    for first in range(0, 100, 25):
        channels = [Channel(f"chat:{n}") for n in range(first, first + 25)]
        await subscriptions.subscribe(ann, channels, now=NOW)
    before = rows()
    with pytest.raises(SubscriptionLimitError):
        await subscriptions.subscribe(ann, [Channel("chat:100")], now=NOW)
    with pytest.raises(SubscriptionLimitError):
        await subscriptions.subscribe(ann, [Channel("chat:7"), Channel("chat:100")], now=NOW)
    assert rows() == before
    [known] = await subscriptions.subscribe(ann, [Channel("chat:7")], now=NOW)
    assert not known.new
    await subscriptions.unsubscribe(ID, ["chat:7"], now=NOW)
    await subscriptions.subscribe(ann, [Channel("chat:100")], now=NOW)
    assert await count(connections) == (100, 0)


async def test_one_wins_when_two_subscribe_at_the_limit(
    ann: Connection, table: Table, connections: ConnectionManager
) -> None:
    subscriptions = Subscriptions(table, limit=3)
    await subscriptions.subscribe(ann, [Channel("chat:0"), Channel("chat:1")], now=NOW)
    results = await asyncio.gather(
        *(subscriptions.subscribe(ann, [Channel(name)], now=NOW) for name in ("one", "two")),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in results) == ["SubscriptionLimitError", "tuple"]
    assert await count(connections) == (3, 0)
    assert len(await subscriptions.subscriptions_of(ID, now=NOW)) == 3


async def test_f03_nothing_is_hung_on_a_connection_when_it_has_ended(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager, rows: Rows
) -> None:
    await connections.end_connection(ID, now=NOW + 5_000)
    before = rows()
    # F32: the message is late, and its clock behind.
    for now in (NOW, NOW + 5_000, NOW + 60_000):
        with pytest.raises(ConnectionGoneError):
            await subscriptions.subscribe(ann, [ROOM], now=now)
        assert await connections.get_connection(ID, now=now) is None
    assert rows() == before
    await connections.disconnect(ID, now=NOW)
    with pytest.raises(ConnectionGoneError):
        await subscriptions.subscribe(ann, [ROOM], now=NOW)
    assert rows() == {}


async def test_subscribing_fails_when_the_connection_has_expired(
    ann: Connection, subscriptions: Subscriptions
) -> None:
    with pytest.raises(ConnectionGoneError):
        await subscriptions.subscribe(ann, [ROOM], now=ann.expires_at * 1000)


async def test_rows_go_when_unsubscribed(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager, rows: Rows
) -> None:
    await subscriptions.subscribe(ann, [ROOM, Channel("chat:2", watched=True)], now=NOW)
    ended = await subscriptions.unsubscribe(ID, ["chat:2", "chat:3"], now=NOW)
    assert [each.channel for each in ended] == ["chat:2"]
    assert await count(connections) == (1, 0)
    assert await ids(subscriptions, "chat:1") == [ID]
    assert await ids(subscriptions, "chat:2") == []
    assert await subscriptions.unsubscribe(ID, ["chat:2"], now=NOW) == ()
    await subscriptions.unsubscribe(ID, ["chat:1"], now=NOW)
    assert {pk for pk, _ in rows()} == {f"conns#{shard_of(ID)}", "user#ann", "hist#chat:1", "hist#chat:2"}


async def test_it_is_counted_once_when_unsubscribed_twice_at_once(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager
) -> None:
    await subscriptions.subscribe(ann, [ROOM, Channel("chat:2")], now=NOW)
    results = await asyncio.gather(*(subscriptions.unsubscribe(ID, ["chat:1"], now=NOW) for _ in range(4)))
    assert sum(len(ended) for ended in results) == 1
    assert await count(connections) == (1, 0)


async def test_unsubscribing_fails_when_the_connection_has_ended(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager
) -> None:
    await subscriptions.subscribe(ann, [ROOM], now=NOW)
    await connections.end_connection(ID, now=NOW)
    with pytest.raises(ConnectionGoneError):
        await subscriptions.unsubscribe(ID, ["chat:1"], now=NOW - 1_000)


async def test_subscriptions_go_with_their_connection(
    ann: Connection, subscriptions: Subscriptions, connections: ConnectionManager, rows: Rows
) -> None:
    channels = [Channel(f"chat:{n}") for n in range(30)]
    await subscriptions.subscribe(ann, channels, now=NOW)
    left = await connections.disconnect(ID, now=NOW)
    assert left is not None
    assert left.channels == 30
    assert {pk for pk, _ in rows()} == {f"hist#{channel.name}" for channel in channels}


async def test_head_outlives_the_subscription_when_nothing_is_published(
    connections: ConnectionManager, subscriptions: Subscriptions
) -> None:
    first = await connections.connect("c-1", now=NOW)
    [before] = await subscriptions.subscribe(first, [ROOM], now=NOW)
    later = NOW + 23 * 3_600_000
    second = await connections.connect("c-2", now=later)
    [after] = await subscriptions.subscribe(second, [ROOM], now=later)
    assert after.head.epoch == before.head.epoch
    assert before.head.expires_at < second.expires_at <= after.head.expires_at


async def test_channels_of_two_prefixes_do_not_meet(table: Table) -> None:
    for prefix in ("one", "two"):
        connection = await ConnectionManager(table=table, partition=prefix).connect(f"c-{prefix}", now=NOW)
        await Subscriptions(table, prefix).subscribe(connection, [ROOM], now=NOW)
    assert await ids(Subscriptions(table, "one"), "chat:1") == ["c-one"]
    assert await ids(Subscriptions(table), "chat:1") == []


@pytest.mark.parametrize("name", ["", "a b", "a#b", "é", "x" * 129, "a\n", "@/"])
async def test_channel_is_refused_when_its_name_could_forge_keys(
    subscriptions: Subscriptions, rows: Rows, name: str
) -> None:
    with pytest.raises(InvalidKeyError):
        Channel(name)
    with pytest.raises(InvalidKeyError):
        await subscriptions.unsubscribe(ID, [name], now=NOW)
    with pytest.raises(InvalidKeyError):
        await subscriptions.subscription(ID, name, now=NOW)
    with pytest.raises(InvalidKeyError):
        await ids(subscriptions, name)
    assert rows() == {}
