"""Lifetimes of connections: limited per user, extended as a whole, and ended at once.

Covers connection_store.admission, connection_store.lifetimes and connection_store.user_locks.
"""

from collections.abc import Callable
from typing import Any

import pytest

from connection_store import (
    Channel,
    Connection,
    ConnectionGoneError,
    ConnectionManager,
    History,
    Lifetimes,
    RevokedError,
    StoreError,
    Subscriptions,
    Table,
)
from tests.contract.conftest import MakeTable
from tests.contract.faults import FaultyEngine, refusal
from tests.contract.instants import NOW
from tests.contract.schedules import Explorer, Process
from tests.contract.test_crashes import Died

ENDS = NOW + 600_000
LATER = NOW + 1_800_000
ROOMS = [Channel("chat:1"), Channel("chat:2", 1, history_size=0)]

Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]
Prepared = tuple[list[Process], Process]
only_memory = pytest.mark.parametrize("engine_name", ["memory"])


@pytest.fixture
def lifetimes(table: Table) -> Lifetimes:
    return Lifetimes(table)


async def come(table: Table, *channels: Channel, id_: str = "a=") -> Connection:
    connection = await ConnectionManager(table=table).connect(
        id_, {"a": 1}, user_id="ann", session_ends=ENDS, now=NOW
    )
    if channels:
        await Subscriptions(table).subscribe(connection, channels, now=NOW)
    return connection


def expiries(rows: dict[tuple[str, str], dict[str, Any]]) -> set[int]:
    return {row["expires_at"] for (pk, _), row in rows.items() if not pk.startswith("hist#")}


async def test_every_row_is_extended(table: Table, lifetimes: Lifetimes, rows: Rows) -> None:
    connection = await come(table, *ROOMS)
    assert expiries(rows()) == {ENDS // 1000}

    extended = await lifetimes.extend(connection, LATER, now=ENDS - 1)

    assert extended.expires_at == LATER // 1000
    assert expiries(rows()) == {LATER // 1000}
    assert await ConnectionManager(table=table).get_connection("a=", now=LATER - 1) is not None


@pytest.mark.parametrize("ends", [None, NOW + 10**9])
async def test_no_connection_is_extended_beyond_its_two_hours(
    table: Table, lifetimes: Lifetimes, ends: int | None
) -> None:
    connection = await come(table)

    assert (await lifetimes.extend(connection, ends, now=NOW)).expires_at == NOW // 1000 + 7_500


async def test_nothing_is_cut_short_when_the_new_end_is_an_earlier_one(
    table: Table, lifetimes: Lifetimes, rows: Rows
) -> None:
    connection = await come(table, *ROOMS)
    before = rows()

    assert (await lifetimes.extend(connection, ENDS - 1_000, now=NOW)).expires_at == ENDS // 1000
    assert rows() == before


async def test_nothing_comes_back_when_it_has_expired_or_ended(
    table: Table, lifetimes: Lifetimes, rows: Rows
) -> None:
    connection = await come(table, *ROOMS)
    before = rows()
    with pytest.raises(ConnectionGoneError):
        await lifetimes.extend(connection, LATER, now=ENDS)
    assert rows() == before

    await ConnectionManager(table=table).disconnect("a=", now=NOW)
    with pytest.raises(ConnectionGoneError):
        await lifetimes.extend(connection, LATER, now=NOW)
    assert {pk for pk, _ in rows()} == {"hist#chat:1", "hist#chat:2"}


@only_memory
async def test_no_subscription_lapses_when_one_is_made_meanwhile(
    engine: Any, table: Table, make_table: MakeTable, rows: Rows
) -> None:
    room = Channel("chat:1", shards=1)

    async def prepare() -> Prepared:
        connection = await ConnectionManager(table=table).connect("a=", session_ends=ENDS, now=NOW)
        await History(table).append(room, '"there is a HEAD"', now=NOW)

        async def subscribe(table: Table) -> None:
            await Subscriptions(table).subscribe(connection, [room], now=NOW)

        async def extend(table: Table) -> None:
            await Lifetimes(table).extend(connection, LATER, now=NOW)

        async def check(table: Table) -> None:
            assert expiries(rows()) == {LATER // 1000}

        return [subscribe, extend], check

    assert await Explorer(engine, make_table).explore(prepare) > 20


@only_memory
@pytest.mark.parametrize("k", range(1, 10))
async def test_rows_agree_when_extending_died_and_is_repeated(
    engine: Any, table: Table, make_table: MakeTable, rows: Rows, k: int
) -> None:
    connection = await come(table, *ROOMS)
    calls = 0

    def die(operation: str, attempt: int) -> BaseException | None:
        nonlocal calls
        calls += 1
        return Died() if calls == k else None

    mortal = make_table(engine=FaultyEngine(engine, after=die))
    try:
        await Lifetimes(mortal).extend(connection, LATER, now=NOW)
    except Died:
        # Whoever died before the connection's row had its time leaves one that ends when it was to end.
        found = await ConnectionManager(table=table).get_connection("a=", now=ENDS)
        hanging = {row["expires_at"] for (pk, _), row in rows().items() if pk[:5] in ("chan#", "subs#")}
        assert found is None or hanging == {LATER // 1000}
    else:
        assert k == 9
    await Lifetimes(table).extend(connection, LATER, now=NOW)
    assert expiries(rows()) == {LATER // 1000}


async def test_every_connection_of_a_user_ends_and_no_other(
    table: Table, lifetimes: Lifetimes, connections: ConnectionManager, rows: Rows
) -> None:
    for id_ in ("a=", "b=", "c="):
        await come(table, *ROOMS, id_=id_)
    await connections.connect("bobs=", user_id="bob", now=NOW)

    departures, failure = await lifetimes.close_user("ann", now=NOW + 1)

    assert failure is None
    assert {each.connection_id: len(each.subscriptions) for each in departures} == {"a=": 2, "b=": 2, "c=": 2}
    assert [each.connection_id async for each in connections.stream(now=NOW)] == ["bobs="]
    await connections.forget(*departures)
    assert {pk.partition("#")[0] for pk, _ in rows()} == {"hist", "conns", "user"}
    assert await lifetimes.close_user("ann", now=NOW + 2) == ([], None)


async def test_others_of_a_user_end_when_one_of_them_cannot(
    table: Table, connections: ConnectionManager, make_table: MakeTable, engine: Any
) -> None:
    for id_ in ("a=", "b=", "c="):
        await come(table, *ROOMS, id_=id_)

    def deny_third(operation: str, attempt: int) -> BaseException | None:  # the first is the revocation
        return refusal("AccessDeniedException") if (operation, attempt) == ("UpdateItem", 3) else None

    disturbed = Lifetimes(make_table(engine=FaultyEngine(engine, before=deny_third)))
    departures, failure = await disturbed.close_user("ann", now=NOW + 1)

    assert isinstance(failure, StoreError)
    assert len(departures) == 2
    [left] = [each.connection_id async for each in connections.stream(now=NOW)]
    assert {left, *(each.connection_id for each in departures)} == {"a=", "b=", "c="}
    departures, failure = await disturbed.close_user("ann", now=NOW + 2)
    assert (len(departures), failure) == (3, None)


async def test_what_was_issued_before_a_logout_is_refused_and_what_came_after_is_not(
    lifetimes: Lifetimes, connections: ConnectionManager
) -> None:
    await lifetimes.close_user("ann", now=NOW)
    for issued_at, connected_at in ((None, NOW), (NOW, NOW + 60_000), (NOW - 10**6, NOW + 29 * 86_400_000)):
        with pytest.raises(RevokedError):
            await connections.connect("a=", user_id="ann", issued_at=issued_at, now=connected_at)

    await connections.connect("a=", user_id="ann", issued_at=NOW + 1, now=NOW + 2)
    await connections.connect("b=", user_id="ann", now=NOW + 2)
    await connections.connect("c=", user_id="bob", issued_at=NOW - 10**6, now=NOW)


async def test_earlier_logout_does_not_undo_a_later_one(
    lifetimes: Lifetimes, connections: ConnectionManager
) -> None:
    await lifetimes.close_user("ann", now=NOW)
    await lifetimes.close_user("ann", now=NOW - 60_000)

    with pytest.raises(RevokedError):
        await connections.connect("a=", user_id="ann", issued_at=NOW - 1, now=NOW + 1)


@only_memory
@pytest.mark.parametrize("skew", [0, 60_000], ids=["same-clocks", "other-clocks"])
async def test_nobody_is_left_when_a_logout_meets_a_connect(
    engine: Any, table: Table, make_table: MakeTable, skew: int
) -> None:
    """Also when API Gateway's clock is ahead: then a handshake that began later is admitted, and no other."""

    async def prepare() -> Prepared:
        refused: list[str] = []

        async def connect(table: Table) -> None:
            connections = ConnectionManager(table=table, connection_limit=10)
            try:
                await connections.connect("new=", user_id="ann", now=NOW + skew)
            except RevokedError:
                refused.append("new=")

        async def logout(table: Table) -> None:
            await Lifetimes(table).close_user("ann", now=NOW)

        async def check(table: Table) -> None:
            left = [each async for each in ConnectionManager(table=table).stream(now=NOW + skew)]
            assert not left or (skew and not refused)

        await ConnectionManager(table=table).connect("old=", user_id="ann", now=NOW - 1)
        return [connect, logout], check

    assert await Explorer(engine, make_table).explore(prepare) >= 20
