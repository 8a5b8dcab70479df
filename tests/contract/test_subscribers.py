import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from connection_store import Channel, ConnectionManager, InvalidCursorError, Subscriptions, Table
from connection_store.schema import shard_of
from tests.contract.conftest import Fill
from tests.contract.instants import NOW

ROOM = Channel("chat:1")


async def ids(subscriptions: Subscriptions, channel: str, **options: Any) -> list[str]:
    return [each.connection_id async for each in subscriptions.subscribers(channel, now=NOW, **options)]


@pytest.fixture
async def crowd(fill: Fill) -> list[str]:
    everybody = [f"c-{number}" for number in range(40)]

    async def join(table: Table) -> None:
        for connection_id in everybody:
            connection = await ConnectionManager(table=table).connect(connection_id, now=NOW)
            await Subscriptions(table).subscribe(connection, [ROOM], now=NOW)

    await fill(join)
    return sorted(everybody, key=lambda id_: (shard_of(id_, 4), id_))


async def test_subscribers_come_once_and_in_the_order_of_cursors(
    crowd: list[str], subscriptions: Subscriptions
) -> None:
    assert await ids(subscriptions, "chat:1") == crowd
    assert await ids(subscriptions, "chat:1", shards=4, consistent=False) == crowd


async def test_rest_comes_when_resumed_after_any_of_them(
    crowd: list[str], subscriptions: Subscriptions
) -> None:
    found = [each async for each in subscriptions.subscribers("chat:1", now=NOW)]
    for position in (0, 9, 10, 38, 39):
        cursor = found[position].cursor
        assert await ids(subscriptions, "chat:1", cursor=cursor) == crowd[position + 1 :]
        assert await ids(subscriptions, "chat:1", cursor=cursor, shards=16) == crowd[position + 1 :]


async def test_one_shard_comes_when_asked_for(crowd: list[str], subscriptions: Subscriptions) -> None:
    for shard in range(4):
        some = [id_ for id_ in crowd if shard_of(id_, 4) == shard]
        assert await ids(subscriptions, "chat:1", shard=shard) == some
        cursor = f"{shard}:{some[2]}"
        assert await ids(subscriptions, "chat:1", shard=shard, cursor=cursor) == some[3:]


async def test_reading_stops_when_the_stream_is_closed_early(
    crowd: list[str], subscriptions: Subscriptions
) -> None:
    async with aclosing(subscriptions.subscribers("chat:1", now=NOW)) as stream:
        assert (await anext(stream)).connection_id == crowd[0]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_nobody_subscribes_to_a_channel_without_head(subscriptions: Subscriptions) -> None:
    assert await ids(subscriptions, "chat:1") == []


@pytest.mark.parametrize("cursor", ["", "x", "0:", ":c", "04:c", "-1:c", "1:a b"])
async def test_cursor_is_refused_when_the_store_never_gave_it_out(
    subscriptions: Subscriptions, cursor: str
) -> None:
    with pytest.raises(InvalidCursorError):
        await ids(subscriptions, "chat:1", cursor=cursor)


async def test_subscribers_are_found_when_the_number_of_shards_grew(
    connections: ConnectionManager, subscriptions: Subscriptions
) -> None:
    connected = [await connections.connect(f"c-{n}", now=NOW) for n in range(12)]
    for shards, some in ((1, connected[:4]), (4, connected[4:8]), (16, connected[8:])):
        for connection in some:
            await subscriptions.subscribe(connection, [Channel("chat:1", shards)], now=NOW)
    # An older release still asks for fewer: grow-only.
    [late] = await subscriptions.subscribe(connected[0], [Channel("chat:1", 1)], now=NOW)
    assert late.head.shards == 16
    assert sorted(await ids(subscriptions, "chat:1")) == sorted(each.connection_id for each in connected)
