"""F05: DynamoDB deletes expired rows days late, so every read hides them."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from connection_store import ConnectionManager, Table
from connection_store.errors import ConditionFailedError
from connection_store.requests import Put, Query
from connection_store.schema import Key, connection_key

NOW = 4_102_444_800_000
ID = "BFaT_fALIAMCKug="
KEY = connection_key("", ID)


async def collect(rows: AsyncIterator[Any]) -> list[Any]:
    return [row async for row in rows]


READS: dict[str, Callable[[ConnectionManager, int], Awaitable[Any]]] = {
    "connections_of": lambda connections, now: connections.connections_of("ann", now=now),
    "get_connection": lambda connections, now: connections.get_connection(ID, with_client_data=True, now=now),
    "page": lambda connections, now: _people(connections, now),
    "stream": lambda connections, now: collect(connections.stream(now=now)),
}
OTHERS = {
    "close",
    "connect",
    "disconnect",
    "init_table",
    "needs_touch",
    "prune",
    "update_last_seen",
    "warm",
}

TABLE_READS: dict[str, Callable[[Table, int], Awaitable[Any]]] = {
    "delete": lambda table, now: table.delete(KEY, now=now),
    "get": lambda table, now: table.get(KEY, now=now),
    "query": lambda table, now: collect(table.query(Query(KEY.pk, now))),
    "write": lambda table, now: _refusals(table, now),
}
TABLE_OTHERS = {"close", "create", "delete_all", "warm"}


async def _people(connections: ConnectionManager, now: int) -> object:
    return (await connections.page(10, now=now)).connections


async def _refusals(table: Table, now: int) -> object:
    never = Put(
        {"pk": KEY.pk, "sk": KEY.sk}, "attribute_not_exists(pk) AND :nothing = :nothing", {":nothing": 0}
    )
    with pytest.raises(ConditionFailedError) as refused:
        await table.write(never, now=now)
    return refused.value.records


@pytest.fixture
async def expired_at(connections: ConnectionManager, client: Any, table: Table) -> int:
    """When the rows of a connection, all of which are there, have just expired."""
    connected = await connections.connect(ID, {"a": 1}, user_id="ann", now=NOW)
    assert client.scan(TableName=table.name)["Count"] == 3
    return connected.expires_at * 1000


@pytest.mark.parametrize("name", READS)
async def test_read_finds_nothing_when_the_rows_have_expired(
    connections: ConnectionManager, expired_at: int, name: str
) -> None:
    assert await READS[name](connections, expired_at - 1)
    assert not await READS[name](connections, expired_at)


@pytest.mark.parametrize("name", TABLE_READS)
async def test_table_shows_nothing_when_the_row_has_expired(table: Table, expired_at: int, name: str) -> None:
    assert not await TABLE_READS[name](table, expired_at)


@pytest.mark.parametrize("name", TABLE_READS)
async def test_table_shows_the_row_when_it_is_about_to_expire(
    table: Table, expired_at: int, name: str
) -> None:
    assert await TABLE_READS[name](table, expired_at - 1)


async def test_row_is_alive_for_ever_when_it_carries_no_expiry(table: Table, client: Any) -> None:
    client.put_item(TableName=table.name, Item={"pk": {"S": "user#ann"}, "sk": {"S": "@"}})
    assert await table.get(Key("user#ann", "@"), now=NOW * 2)


@pytest.mark.parametrize(
    ("kind", "listed"), [(ConnectionManager, {*READS, *OTHERS}), (Table, {*TABLE_READS, *TABLE_OTHERS})]
)
def test_every_public_method_is_listed_here(kind: type, listed: set[str]) -> None:
    """A new read is not done before it stands in the list of reads."""
    methods = {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
    assert methods == listed
