"""F01, F02, G7: who is there, and who left, when `$disconnect` is lost, late, or comes twice."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from connection_store import (
    Channel,
    Connection,
    ConnectionManager,
    EndedConnection,
    Presence,
    PresenceList,
    StoreError,
    Subscriber,
    Subscriptions,
    Table,
)
from connection_store.schema import connection_key
from connection_store.wire import encode
from tests.contract.conftest import Ask
from tests.contract.faults import FaultyEngine, refusal
from tests.contract.instants import NOW

ROOM = Channel("chat:1", watched=True)
SILENCE = 150_000
"""Milliseconds: 2.5 beats of a minute."""

Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]


@pytest.fixture
def join(connections: ConnectionManager, subscriptions: Subscriptions) -> Callable[..., Any]:
    async def join(connection_id: str, user_id: str | None, *, now: int = NOW) -> Connection:
        connection = await connections.connect(connection_id, user_id=user_id, name=user_id, now=now)
        await subscriptions.subscribe(connection, [ROOM], now=now)
        return connection

    return join


def names(attendance: PresenceList) -> dict[str, list[str]]:
    return {user.user_id: [each.connection_id for each in user.connections] for user in attendance.users}


async def swept(connections: ConnectionManager, now: int) -> list[EndedConnection]:
    return [each async for some in connections.sweep(now=now) for each in some]


async def test_each_user_is_one_entry_with_all_connections(join: Any, presence: Presence) -> None:
    await join("c-1", "ann")
    await join("c-2", "bob", now=NOW + 1)
    await join("c-3", "ann", now=NOW + 2)
    await join("c-4", None)
    attendance = await presence.get("chat:1", now=NOW + 3)
    assert names(attendance) == {"ann": ["c-1", "c-3"], "bob": ["c-2"]}
    assert attendance.count == 2
    assert {each.name for user in attendance.users for each in user.connections} == {"ann", "bob"}


async def test_attendance_is_capped_and_counts_everybody(join: Any, presence: Presence) -> None:
    for number in range(30):
        await join(f"c-{number}", f"user-{number % 20}")
    attendance = await presence.get("chat:1", cap=7, now=NOW)
    assert (len(attendance.users), attendance.count) == (7, 20)


async def test_who_subscribes_is_believed_to_be_there_beyond_a_thousand_connections(
    join: Any, presence: Presence, ask: Ask, table: Table
) -> None:
    await join("c-1", "ann")
    for first in range(0, 1_100, 25):
        # None of them has a connection: those who are looked up are found gone.
        subscribers = (
            Subscriber(f"x-{n:04}", f"user-{n}", NOW, NOW // 1000 + 60, 3) for n in range(first, first + 25)
        )
        items = [encode(each.to_record("", "chat:1")) for each in subscribers]
        ask("BatchWriteItem", RequestItems={table.name: [{"PutRequest": {"Item": item}} for item in items]})
    attendance = await presence.get("chat:1", now=NOW)
    assert names(attendance) == {"ann": ["c-1"]}
    assert attendance.count == 1 + 1_101 - 1_000


async def test_nobody_is_there_when_nobody_ever_was(presence: Presence) -> None:
    assert await presence.get("chat:1", now=NOW) == PresenceList((), 0)


async def test_g7_users_are_gone_after_two_and_a_half_beats_when_every_disconnect_is_lost(
    join: Any, presence: Presence, connections: ConnectionManager, rows: Rows
) -> None:
    for number in range(30):
        await join(f"c-{number}", f"user-{number}")
    await connections.update_last_seen("c-7", now=NOW + 60_000)
    before = rows()
    assert (await presence.get("chat:1", now=NOW + SILENCE - 1)).count == 30
    assert names(await presence.get("chat:1", now=NOW + SILENCE)) == {"user-7": ["c-7"]}
    assert (await presence.get("chat:1", now=NOW + 60_000 + SILENCE)).count == 0
    assert rows().keys() == before.keys()


async def test_g7_everybody_who_left_is_told_by_the_next_sweep_when_every_disconnect_is_lost(
    join: Any, connections: ConnectionManager, rows: Rows
) -> None:
    for number in range(30):
        await join(f"c-{number}", f"user-{number}")
    await connections.update_last_seen("c-7", now=NOW + 60_000)
    assert await swept(connections, NOW + SILENCE - 1) == []
    departures = await swept(connections, NOW + SILENCE)
    assert {each.connection_id for each in departures} == {f"c-{n}" for n in range(30)} - {"c-7"}
    assert {(each.user_id, *(s.channel for s in each.subscriptions)) for each in departures} == {
        (f"user-{n}", "chat:1") for n in range(30) if n != 7
    }
    await connections.forget(*departures)
    assert {sk for _, sk in rows()} == {"c-7", "chat:1", "@"}
    assert await swept(connections, NOW + SILENCE) == []


async def test_f02_the_user_stays_when_the_old_disconnect_is_late(
    join: Any, presence: Presence, connections: ConnectionManager, subscriptions: Subscriptions
) -> None:
    await join("old", "ann")
    await join("new", "ann", now=NOW + 1_000)
    departure = await connections.end_connection("old", now=NOW + 31_000)
    assert [each.channel for each in departure.subscriptions] == ["chat:1"]
    assert names(await presence.get("chat:1", now=NOW + 31_000)) == {"ann": ["new"]}
    await connections.forget(departure)
    assert [each.channel for each in await subscriptions.subscriptions_of("new", now=NOW)] == ["chat:1"]
    assert [each.connection_id async for each in subscriptions.subscribers("chat:1", now=NOW)] == ["new"]


async def test_nothing_more_happens_when_disconnect_comes_twice(
    join: Any, presence: Presence, connections: ConnectionManager, rows: Rows
) -> None:
    await join("c-1", "ann")
    await join("c-2", "ann")
    first, second = (
        await connections.end_connection("c-1", now=NOW),
        await connections.end_connection("c-1", now=NOW),
    )
    assert first.subscriptions == second.subscriptions
    await connections.forget(first)
    before = rows()
    await connections.forget(second)
    third = await connections.end_connection("c-1", now=NOW)
    assert (third.connection, third.subscriptions) == (None, ())
    await connections.forget(third)
    assert rows() == before
    assert names(await presence.get("chat:1", now=NOW)) == {"ann": ["c-2"]}


async def test_sweep_gives_the_departure_again_until_it_is_forgotten(
    join: Any, presence: Presence, connections: ConnectionManager
) -> None:
    await join("c-1", "ann")
    first = await connections.end_connection("c-1", now=NOW)  # and here its process dies
    assert (await presence.get("chat:1", now=NOW)).count == 0
    for _ in range(2):
        [again] = await swept(connections, NOW + 1_000)
        assert (again.connection_id, again.subscriptions) == ("c-1", first.subscriptions)
    await connections.forget(again)
    assert await swept(connections, NOW + 1_000) == []


async def test_everybody_leaves_once_when_two_sweep_at_once(
    join: Any, connections: ConnectionManager, rows: Rows
) -> None:
    for number in range(30):
        await join(f"c-{number}", f"user-{number}")
    await join("here", "zoe", now=NOW + SILENCE)

    async def sweep() -> list[str]:
        left: list[str] = []
        async for departures in connections.sweep(now=NOW + SILENCE):
            left += [each.connection_id for each in departures if each.subscriptions]
            await connections.forget(*departures)
        return left

    told = await asyncio.gather(sweep(), sweep())
    assert {id_ for left in told for id_ in left} == {f"c-{n}" for n in range(30)}
    assert {sk for _, sk in rows()} == {"here", "chat:1", "@"}


async def test_sweep_leaves_alone_who_is_heard_of_in_between(
    join: Any, connections: ConnectionManager, make_table: Any, engine: Any, ask: Ask
) -> None:
    await join("c-1", "ann")

    def touch(operation: str, attempt: int) -> None:
        if operation == "UpdateItem":
            ask(
                "UpdateItem",
                TableName=table.name,
                Key=encode(connection_key("", "c-1")._asdict()),
                UpdateExpression="SET last_seen = :now",
                ExpressionAttributeValues={":now": {"N": str(NOW + SILENCE)}},
            )

    table: Table = make_table(engine=FaultyEngine(engine, before=touch))
    assert await swept(ConnectionManager(table=table), NOW + SILENCE) == []
    found = await connections.get_connection("c-1", now=NOW + SILENCE)
    assert found is not None
    assert found.last_seen == NOW + SILENCE


async def test_unwatched_connection_may_be_silent_for_two_and_a_half_long_beats(
    connections: ConnectionManager, subscriptions: Subscriptions, join: Any
) -> None:
    quiet = await connections.connect("quiet", now=NOW)
    await subscriptions.subscribe(quiet, [Channel("chat:2")], now=NOW)
    await join("left", "ann")
    await subscriptions.unsubscribe("left", ["chat:1"], now=NOW)
    assert await swept(connections, NOW + 1_199_999) == []
    assert len(await swept(connections, NOW + 1_200_000)) == 2


async def test_connection_whose_session_ended_is_swept_though_it_is_not_silent(
    connections: ConnectionManager, subscriptions: Subscriptions
) -> None:
    connection = await connections.connect("c-1", session_ends=NOW + 60_000, now=NOW)
    await subscriptions.subscribe(connection, [ROOM], now=NOW)
    await connections.update_last_seen("c-1", now=NOW + 59_000)
    assert await swept(connections, NOW + 59_999) == []
    [departure] = await swept(connections, NOW + 60_000)
    assert [each.channel for each in departure.subscriptions] == ["chat:1"]


async def test_swept_connection_learns_that_it_is_gone(join: Any, connections: ConnectionManager) -> None:
    await join("c-1", "ann")
    await swept(connections, NOW + SILENCE)
    assert await connections.get_connection("c-1", now=NOW + SILENCE) is None
    assert await connections.update_last_seen("c-1", now=NOW + SILENCE + 40_000) is False


async def test_next_sweep_does_what_one_did_not_come_to(join: Any, connections: ConnectionManager) -> None:
    for number in range(30):
        await join(f"c-{number}", f"user-{number}")
    async with aclosing(connections.sweep(now=NOW + SILENCE)) as sweep:
        first = await anext(sweep)
    await connections.forget(*first)
    rest = await swept(connections, NOW + SILENCE)
    assert {each.connection_id for each in (*first, *rest)} == {f"c-{n}" for n in range(30)}
    assert len(first) + len(rest) == 30


async def test_sweep_ends_connections_of_every_partition(table: Table, rows: Rows) -> None:
    for partition in ("", "one", "two"):
        connections = ConnectionManager(table=table, partition=partition)
        connection = await connections.connect("c-1", {"a": 1}, user_id="ann", now=NOW)
        await Subscriptions(table, partition).subscribe(connection, [Channel("chat:1")], now=NOW)
    departures = await swept(connections, NOW + 8 * SILENCE)
    assert [(each.partition, each.connection_id, len(each.subscriptions)) for each in departures] == [
        ("", "c-1", 1),
        ("one", "c-1", 1),
        ("two", "c-1", 1),
    ]
    await connections.forget(*departures)
    assert {pk for pk, _ in rows()} == {"hist#chat:1", "one/hist#chat:1", "two/hist#chat:1"}


async def test_sweep_ends_the_others_when_one_cannot_be_ended(
    join: Any, connections: ConnectionManager, make_table: Any, engine: Any
) -> None:
    for number in range(30):
        await join(f"c-{number}", f"user-{number}")

    def deny_third(operation: str, attempt: int) -> BaseException | None:
        return refusal("AccessDeniedException") if (operation, attempt) == ("UpdateItem", 3) else None

    left: list[str] = []
    disturbed = ConnectionManager(table=make_table(engine=FaultyEngine(engine, before=deny_third)))

    async def sweep() -> None:
        async for departures in disturbed.sweep(now=NOW + SILENCE):
            left.extend(each.connection_id for each in departures)
            await connections.forget(*departures)

    with pytest.raises(StoreError, match="AccessDenied"):
        await sweep()
    [last] = await swept(connections, NOW + SILENCE)
    assert {*left, last.connection_id} == {f"c-{n}" for n in range(30)}
    assert len(left) == 29


async def test_fewer_depart_together_when_they_are_on_many_channels(
    join: Any, connections: ConnectionManager, ask: Ask, table: Table
) -> None:
    for number in range(5):
        await join(f"c-{number}", f"user-{number}")
        ask(
            "UpdateItem",
            TableName=table.name,
            Key=encode(connection_key("", f"c-{number}")._asdict()),
            UpdateExpression="SET channels = :number",
            ExpressionAttributeValues={":number": {"N": "60"}},
        )
    sizes = [len(departures) async for departures in connections.sweep(now=NOW + SILENCE)]
    assert sizes == [2, 2, 1]
