from typing import Any

import pytest

from connection_store import ConnectionManager, InvalidCursorError, Subscriptions, Table
from connection_store.schema import shard_of, subscribers_partition
from tests.contract.conftest import Ask, Fill
from tests.contract.instants import NOW

EVERYBODY = [f"c-{number}" for number in range(100)]


@pytest.fixture
async def crowd(fill: Fill, connections: ConnectionManager) -> ConnectionManager:
    async def connect(table: Table) -> None:
        for connection_id in EVERYBODY:
            await ConnectionManager(table=table).connect(connection_id, now=NOW)

    await fill(connect)
    return connections


async def test_everybody_comes_once_and_in_the_order_of_cursors_when_streamed(
    crowd: ConnectionManager,
) -> None:
    ids = [each.connection_id async for each in crowd.stream(now=NOW)]
    assert ids == sorted(EVERYBODY, key=lambda id_: (shard_of(id_), id_))


async def test_nobody_is_missed_when_pages_of_shards_are_small(crowd: ConnectionManager) -> None:
    small = [each async for each in crowd.stream(page_size=1, now=NOW)]
    assert small == [each async for each in crowd.stream(now=NOW)]


async def test_rest_comes_when_resumed_after_any_of_them(crowd: ConnectionManager) -> None:
    everybody = [each async for each in crowd.stream(now=NOW)]
    for position in (0, 1, 49, 98, 99):
        rest = [each async for each in crowd.stream(everybody[position].cursor, now=NOW)]
        assert rest == everybody[position + 1 :]


async def test_rest_comes_when_resumed_after_somebody_who_left(crowd: ConnectionManager) -> None:
    everybody = [each async for each in crowd.stream(now=NOW)]
    left = everybody[40]
    await crowd.disconnect(left.connection_id, now=NOW)
    assert [each async for each in crowd.stream(left.cursor, now=NOW)] == everybody[41:]


@pytest.mark.parametrize("limit", [1, 7, 50, 99, 100, 101, 1_000])
async def test_pages_add_up_to_everybody_when_turned_one_by_one(crowd: ConnectionManager, limit: int) -> None:
    found: list[str] = []
    cursor = None
    while True:
        page = await crowd.page(limit, cursor, now=NOW)
        assert len(page.connections) == min(limit, len(EVERYBODY) - len(found))
        found += [each.connection_id for each in page.connections]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == sorted(EVERYBODY, key=lambda id_: (shard_of(id_), id_))


async def test_page_is_the_last_when_the_table_is_empty(connections: ConnectionManager) -> None:
    page = await connections.page(10, now=NOW)
    assert (page.connections, page.cursor) == ((), None)


@pytest.mark.parametrize("cursor", ["", "x", "0:", "32:c", "-1:c", "00:c"])
async def test_cursor_is_refused_when_the_store_never_gave_it_out(
    connections: ConnectionManager, cursor: str
) -> None:
    with pytest.raises(InvalidCursorError):
        await connections.page(10, cursor, now=NOW)
    with pytest.raises(InvalidCursorError):
        await anext(connections.stream(cursor, now=NOW))


async def test_f23_the_living_are_found_when_whole_pages_before_them_have_expired(
    subscriptions: Subscriptions, table: Table, ask: Ask
) -> None:
    expired, alive = NOW // 1000, NOW // 1000 + 1
    for first in range(0, 3_000, 25):
        numbers = range(first, first + 25)
        entries = [_entry(number, expired if number < 2_000 else alive) for number in numbers]
        ask("BatchWriteItem", RequestItems={table.name: entries})
    found = [each.connection_id async for each in subscriptions.subscribers("chat:1", shards=1, now=NOW)]
    assert found == [f"c{number:04}" for number in range(2_000, 3_000)]


def _entry(number: int, expires_at: int) -> dict[str, Any]:
    item = {
        "pk": {"S": subscribers_partition("", "chat:1", 0)},
        "sk": {"S": f"c{number:04}"},
        "connected_at": {"N": str(NOW)},
        "expires_at": {"N": str(expires_at)},
        "padding": {"S": "x" * 1_000},
    }
    return {"PutRequest": {"Item": item}}
