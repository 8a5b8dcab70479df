"""S10: nobody has more connections than they may, and lost ones keep nobody out."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from connection_store import (
    Channel,
    ConnectionLimitError,
    ConnectionManager,
    StoreError,
    Subscriptions,
    Table,
)
from tests.contract.instants import NOW
from tests.contract.schedules import Explorer, Process
from tests.framework.realtime.backend import NOW as BENCH_NOW
from tests.framework.realtime.backend import Backend

PLACES = 10
SILENT = NOW + 1_200_000
"""When a connection not heard of since NOW has ended."""

MakeTable = Callable[..., Table]


@pytest.fixture
def connections(table: Table) -> ConnectionManager:
    return ConnectionManager(table=table, connection_limit=PLACES)


async def present(connections: ConnectionManager, now: int = NOW) -> set[str]:
    return {each.connection_id for each in await connections.connections_of("ann", now=now)}


async def fill(connections: ConnectionManager, places: int = PLACES) -> None:
    for number in range(places):
        await connections.connect(f"c{number}=", user_id="ann", now=NOW + number)


@pytest.mark.parametrize("engine_name", ["ministack"])  # the others carry out one call after the other
async def test_s10_ten_of_a_hundred_are_admitted_when_they_race(table: Table, make_table: MakeTable) -> None:
    sandboxes = [ConnectionManager(table=make_table(), connection_limit=PLACES) for _ in range(4)]

    async def connect(number: int) -> str | None:
        try:
            await sandboxes[number % 4].connect(f"c{number}=", user_id="ann", now=NOW)
        except ConnectionLimitError:
            return None
        return f"c{number}="

    admitted = {each for each in await asyncio.gather(*map(connect, range(100))) if each}

    assert len(admitted) == PLACES
    assert await present(sandboxes[0]) == admitted
    assert {each.connection_id async for each in sandboxes[0].stream(now=NOW)} == admitted


@pytest.mark.parametrize("engine_name", ["memory"])
async def test_s10_one_is_admitted_to_the_last_place_in_every_order(
    engine: Any, table: Table, make_table: MakeTable
) -> None:
    async def prepare() -> tuple[list[Process], Process]:
        await ConnectionManager(table=table).connect("old=", user_id="ann", now=NOW)
        refused: list[str] = []

        def connect(id_: str) -> Process:
            async def connect(table: Table) -> None:
                try:
                    await ConnectionManager(table=table, connection_limit=2).connect(
                        id_, user_id="ann", now=NOW
                    )
                except ConnectionLimitError:
                    refused.append(id_)

            return connect

        async def check(table: Table) -> None:
            there = await present(ConnectionManager(table=table))
            assert len(refused) == 1
            assert there == {"old=", "one=", "two="} - {*refused}

        return [connect("one="), connect("two=")], check

    assert await Explorer(engine, make_table).explore(prepare) >= 20


async def test_s10_eleventh_is_refused_and_nothing_of_it_is_left(connections: ConnectionManager) -> None:
    await fill(connections)

    with pytest.raises(ConnectionLimitError):
        await connections.connect("c10=", {"a": 1}, user_id="ann", now=SILENT - 1)

    assert await connections.get_connection("c10=", with_client_data=True, now=NOW) is None
    assert len(await present(connections)) == PLACES
    await connections.connect("other=", user_id="bob", now=NOW)


async def test_s10_same_handshake_again_is_no_eleventh(connections: ConnectionManager) -> None:
    await fill(connections)

    again = await connections.connect("c3=", user_id="ann", now=NOW + 100)

    assert again.connected_at == NOW + 3


async def test_s10_place_is_free_when_somebody_leaves_or_expires(connections: ConnectionManager) -> None:
    await connections.connect("short=", user_id="ann", session_ends=NOW + 60_000, now=NOW)
    await fill(connections, PLACES - 1)
    with pytest.raises(ConnectionLimitError):
        await connections.connect("x=", user_id="ann", now=NOW + 59_999)
    await connections.connect("x=", user_id="ann", now=NOW + 60_000)
    await connections.disconnect("c0=", now=NOW + 60_000)

    await connections.connect("y=", user_id="ann", now=NOW + 60_000)


async def test_s10_oldest_silent_one_gives_way_when_ten_disconnects_were_lost(
    connections: ConnectionManager, table: Table
) -> None:
    await fill(connections)
    await connections.update_last_seen("c0=", now=NOW + 30_000)
    first = await connections.get_connection("c1=", now=NOW)
    assert first is not None
    await Subscriptions(table).subscribe(first, [Channel("chat:1")], now=NOW)

    with pytest.raises(ConnectionLimitError):
        await connections.connect("new=", user_id="ann", now=SILENT)  # c1 was made a millisecond later
    await connections.connect("new=", user_id="ann", now=SILENT + 1)

    assert await present(connections, SILENT) == {"new=", *(f"c{n}=" for n in range(PLACES) if n != 1)}
    assert await connections.get_connection("c1=", now=SILENT) is None
    # The rest of it is the sweep's.
    swept = [each async for batch in connections.sweep(now=SILENT + 1) for each in batch]
    (gone,) = [each for each in swept if each.connection_id == "c1="]
    assert [each.channel for each in gone.subscriptions] == ["chat:1"]
    assert not gone.expired


async def test_s10_who_is_heard_of_at_that_moment_stays(
    connections: ConnectionManager, table: Table, engine: Any
) -> None:
    await fill(connections)

    class Late(Table):
        """Whose first connect is overtaken by a message of everybody."""

        heard = False

        async def write(self, *writes: Any, now: int) -> None:
            if not self.heard:
                self.heard = True
                for number in range(PLACES):
                    await connections.update_last_seen(f"c{number}=", now=SILENT)
            await super().write(*writes, now=now)

    late = Late(table.name, engine=engine, concurrency=1, budget=30)
    with pytest.raises(ConnectionLimitError):
        await ConnectionManager(table=late, connection_limit=PLACES).connect(
            "new=", user_id="ann", now=SILENT + 10
        )
    assert len(await present(connections, SILENT)) == PLACES


async def test_s10_roll_over_takes_its_predecessors_place_at_ten_of_ten(
    connections: ConnectionManager,
) -> None:
    await fill(connections)

    await connections.connect("new=", user_id="ann", replaces=NOW + 4, now=NOW + 1_000)

    assert await present(connections) == {"new=", *(f"c{n}=" for n in range(PLACES) if n != 4)}
    with pytest.raises(ConnectionLimitError):
        await connections.connect("another=", user_id="ann", replaces=NOW + 4, now=NOW + 1_000)
    with pytest.raises(ConnectionLimitError):
        await connections.connect("bobs=", user_id="ann", replaces=0, now=NOW + 1_000)


async def test_s10_predecessor_stays_where_there_is_another_place(connections: ConnectionManager) -> None:
    await fill(connections, PLACES - 1)

    await connections.connect("new=", user_id="ann", replaces=NOW + 4, now=NOW + 1_000)

    assert len(await present(connections)) == PLACES


@pytest.mark.parametrize("engine_name", ["memory"])  # the same requests, many times
async def test_s10_who_comes_anew_again_and_again_has_to_wait(connections: ConnectionManager) -> None:
    async def come_and_go(number: int, now: int) -> None:
        await connections.connect(f"c{number}=", user_id="ann", now=now)
        await connections.disconnect(f"c{number}=", now=now)

    for number in range(60):  # each could send as much at once as a connection may
        await come_and_go(number, NOW)

    with pytest.raises(ConnectionLimitError):
        await come_and_go(60, NOW + 1_999)
    await connections.connect("other=", user_id="bob", now=NOW)
    await come_and_go(61, NOW + 2_000)
    with pytest.raises(ConnectionLimitError):
        await come_and_go(62, NOW + 3_999)


async def test_s10_many_give_way_when_the_limit_was_lowered(table: Table) -> None:
    before, after = (ConnectionManager(table=table, connection_limit=limit) for limit in (20, 10))
    await fill(before, 20)
    with pytest.raises(ConnectionLimitError):
        await after.connect("new=", user_id="ann", replaces=NOW, now=NOW + 1)

    await after.connect("new=", user_id="ann", now=SILENT + 100)

    assert len(await present(after, SILENT)) == PLACES


@pytest.mark.parametrize("limit", [0, 41])
def test_s10_limit_is_refused_when_a_transaction_could_not_keep_it(limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 40"):
        ConnectionManager("table", connection_limit=limit)


async def test_s10_nobody_is_admitted_when_the_guard_cannot_be_read(engine: Any) -> None:
    with pytest.raises(StoreError):
        await ConnectionManager(table=Table("missing", engine=engine)).connect("c=", user_id="ann", now=NOW)


def test_s10_client_is_told_429_and_may_roll_over(backend: Backend) -> None:
    user = {"principalId": "ann"}
    for number in range(PLACES):
        assert backend.connect(f"{number}=", authorizer=user, now=BENCH_NOW + number) == {"statusCode": 200}

    assert backend.connect("x=", authorizer=user) == {"statusCode": 429}
    for nonsense in ("", "-1", "1e3", "9" * 16, "0=", "\N{ARABIC-INDIC DIGIT ONE}"):
        assert backend.connect("x=", authorizer=user, replaces=nonsense) == {"statusCode": 429}
    assert backend.connect("x=", authorizer={"principalId": "bob"}, replaces=str(BENCH_NOW)) == {
        "statusCode": 200
    }
    assert backend.connect("y=", authorizer=user, replaces=str(BENCH_NOW)) == {"statusCode": 200}
    assert backend.send("0=", {"action": "ping"}, authorizer=user)["code"] == "connection_gone"
    assert backend.send("1=", {"action": "ping"}, authorizer=user)["type"] == "pong"
