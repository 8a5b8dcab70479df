"""F05: DynamoDB deletes expired rows days late, so every read hides them."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

import connection_store
from connection_store import (
    Allowances,
    Channel,
    ChannelHead,
    Connection,
    ConnectionGoneError,
    ConnectionManager,
    Counts,
    History,
    Lifetimes,
    Position,
    Presence,
    QueuedBroadcasts,
    Rate,
    SpentTickets,
    Step,
    Subscriptions,
    Table,
    UserRates,
)
from connection_store.errors import ConditionFailedError
from connection_store.requests import Put, Query, Update
from connection_store.schema import Key, connection_key
from tests.contract.conftest import Ask
from tests.contract.instants import NOW

ID = "BFaT_fALIAMCKug="
KEY = connection_key("", ID)
CONNECTION = Connection(ID, "ann", None, NOW, NOW, NOW // 1000 + 7_500)


async def collect(rows: AsyncIterator[Any]) -> list[Any]:
    return [row async for row in rows]


@dataclass(frozen=True)
class Store:
    """All of the store, over one table."""

    connections: ConnectionManager
    subscriptions: Subscriptions
    history: History
    presence: Presence
    frames: QueuedBroadcasts
    rates: UserRates
    table: Table


SELDOM = Rate(0.001, 1)
ROOM = Channel("chat:1", history_seconds=86_400)

READS: dict[type, dict[str, Callable[[Store, int], Awaitable[Any]]]] = {
    ConnectionManager: {
        "change_roles": lambda store, now: store.connections.change_roles(ID, ["admin"], now=now),
        "connections_of": lambda store, now: store.connections.connections_of("ann", now=now),
        "get_connection": lambda store, now: store.connections.get_connection(
            ID, with_client_data=True, now=now
        ),
        "get_group_connections": lambda store, now: store.connections.get_group_connections(
            ROOM.name, now=now
        ),
        "page": lambda store, now: _people(store, now),
        "stream": lambda store, now: collect(store.connections.stream(now=now)),
    },
    Subscriptions: {
        "subscribers": lambda store, now: collect(
            store.subscriptions.subscribers(ROOM.name, shards=4, now=now)
        ),
        "subscription": lambda store, now: store.subscriptions.subscription(ID, ROOM.name, now=now),
        "subscriptions_of": lambda store, now: store.subscriptions.subscriptions_of(ID, now=now),
    },
    History: {
        "head": lambda store, now: store.history.head(ROOM.name, now=now),
        "heads": lambda store, now: store.history.heads([ROOM.name], now=now),
        "page": lambda store, now: _publications(store, now),
        "recover": lambda store, now: _recovered(store, now),
    },
    Presence: {"get": lambda store, now: _attendees(store, now)},
    QueuedBroadcasts: {
        "advance": lambda store, now: store.frames.advance("b-1", 0, Step(1), Counts(), now=now),
        "get": lambda store, now: store.frames.get("b-1", now=now),
        "progress": lambda store, now: store.frames.progress("b-1", now=now),
    },
    SpentTickets: {},
    Allowances: {"take": lambda store, now: _taken(store, now)},
    Lifetimes: {
        "close_user": lambda store, now: _closed(store, now),
        "extend": lambda store, now: _extended(store, now),
        "revoked_before": lambda store, now: Lifetimes(store.table).revoked_before("ann", now=now),
    },
    UserRates: {"take": lambda store, now: store.rates.take("ann", "say", SELDOM, now=now)},
}
OTHERS: dict[type, set[str]] = {
    ConnectionManager: {
        "add_to_group",
        "close",
        "connect",
        "create_group",
        "end_connection",
        "disconnect",
        "forget",
        "get_client_data",  # also of a connection that has ended
        "init_table",
        "needs_touch",
        "prune",
        "remove_from_group",
        "set_client_data",
        "sweep",  # what has expired is what it looks for
        "update_last_seen",
        "warm",
    },
    Subscriptions: {"subscribe", "unsubscribe"},
    History: {"append"},
    Presence: set(),
    QueuedBroadcasts: {"put"},
    SpentTickets: {"spend", "warm"},
    Allowances: set(),
    Lifetimes: set(),
    UserRates: set(),
}
EVERY_READ = [(kind, name) for kind, reads in READS.items() for name in reads]

TABLE_READS: dict[str, Callable[[Table, int], Awaitable[Any]]] = {
    "get": lambda table, now: table.get(KEY, now=now),
    "get_all": lambda table, now: table.get_all([KEY], now=now),
    "query": lambda table, now: collect(table.query(Query(KEY.pk, now))),
    "update": lambda table, now: table.update(Update(KEY, "SET v = :v", "v = :v", {":v": 1}), now=now),
    "write": lambda table, now: _refusals(table, now),
}
TABLE_OTHERS = {"close", "create", "delete_all", "pause", "token", "warm"}


async def _people(store: Store, now: int) -> object:
    return (await store.connections.page(10, now=now)).connections


async def _publications(store: Store, now: int) -> object:
    return (await store.history.page(ROOM, now=now)).publications


async def _recovered(store: Store, now: int) -> object:
    head = ChannelHead("epoch", 1, 4, NOW, NOW)
    return (await store.history.recover(ROOM, Position("epoch", 0), head, now=now)).publications


async def _taken(store: Store, now: int) -> bool:
    with suppress(ConnectionGoneError):
        return await Allowances(store.table).take(CONNECTION, Rate(1, 1), now=now) == 0
    return False


async def _closed(store: Store, now: int) -> object:
    departures, failure = await Lifetimes(store.table).close_user("ann", now=now)
    assert failure is None
    return departures


async def _extended(store: Store, now: int) -> bool:
    with suppress(ConnectionGoneError):
        return bool(await Lifetimes(store.table).extend(CONNECTION, None, now=now))
    return False


async def _attendees(store: Store, now: int) -> object:
    return (await store.presence.get(ROOM.name, silence=10**6, now=now)).users


async def _refusals(table: Table, now: int) -> object:
    never = Put(
        {"pk": KEY.pk, "sk": KEY.sk}, "attribute_not_exists(pk) AND :nothing = :nothing", {":nothing": 0}
    )
    with pytest.raises(ConditionFailedError) as refused:
        await table.write(never, now=now)
    return refused.value.records


@pytest.fixture
def store(table: Table) -> Store:
    return Store(
        ConnectionManager(table=table),
        Subscriptions(table),
        History(table),
        Presence(table),
        QueuedBroadcasts(table),
        UserRates(table),
        table,
    )


@pytest.fixture
async def expired_at(store: Store, ask: Ask, table: Table) -> int:
    """When every kind of row, all of which are there, has just expired."""
    connection = await store.connections.connect(ID, {"a": 1}, user_id="ann", now=NOW)
    await store.subscriptions.subscribe(connection, [ROOM], now=NOW)
    await store.history.append(ROOM, '"a"', publisher="ann", key="1", now=NOW)
    await store.frames.put("b-1", "{}", shards=1, now=NOW)
    await store.rates.take("ann", "say", SELDOM, now=NOW)
    items = ask("Scan", TableName=table.name)["Items"]
    assert len(items) == 12
    for item in items:
        item["expires_at"] = {"N": str(connection.expires_at)}
        if "epoch" in item:
            item["epoch"] = {"S": "epoch"}
        if "busy_until" in item:
            item["busy_until"] = {"N": str(10**15)}
        if "revoked_before" in item:
            item["revoked_before"] = {"N": "1"}
        ask("PutItem", TableName=table.name, Item=item)
    return connection.expires_at * 1000


@pytest.mark.parametrize(("kind", "name"), EVERY_READ)
async def test_read_finds_nothing_when_the_rows_have_expired(
    store: Store, expired_at: int, kind: type, name: str
) -> None:
    assert await READS[kind][name](store, expired_at - 1)
    assert not await READS[kind][name](store, expired_at)


@pytest.mark.parametrize("name", TABLE_READS)
async def test_table_shows_nothing_when_the_row_has_expired(table: Table, expired_at: int, name: str) -> None:
    assert not await TABLE_READS[name](table, expired_at)


@pytest.mark.parametrize("name", TABLE_READS)
async def test_table_shows_the_row_when_it_is_about_to_expire(
    table: Table, expired_at: int, name: str
) -> None:
    assert await TABLE_READS[name](table, expired_at - 1)


async def test_row_is_alive_for_ever_when_it_carries_no_expiry(table: Table, ask: Ask) -> None:
    ask("PutItem", TableName=table.name, Item={"pk": {"S": "user#ann"}, "sk": {"S": "@"}})
    assert await table.get(Key("user#ann", "@"), now=NOW * 2)


@pytest.mark.parametrize(
    ("kind", "listed"),
    [
        (Table, {*TABLE_READS, *TABLE_OTHERS}),
        *((kind, {*reads, *OTHERS[kind]}) for kind, reads in READS.items()),
    ],
)
def test_every_public_method_is_listed_here(kind: type, listed: set[str]) -> None:
    """A new read is not done before it stands in the list of reads."""
    methods = {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
    assert methods == listed


def test_every_class_that_reads_is_listed_here() -> None:
    exported = [getattr(connection_store, name) for name in connection_store.__all__]
    kinds = [kind for kind in exported if inspect.isclass(kind) and inspect.isfunction(kind.__init__)]
    assert {kind for kind in kinds if "table" in inspect.signature(kind).parameters} == set(READS)
