"""Section 3 of the guarantees, in the code: on every schedule of its calls, the promise holds."""

from collections.abc import Callable
from typing import Any

import pytest

from connection_store import (
    Channel,
    ConnectionGoneError,
    ConnectionManager,
    EndedConnection,
    History,
    Position,
    SubscriptionLimitError,
    Subscriptions,
    Table,
)
from tests.contract.conftest import MakeTable
from tests.contract.instants import NOW
from tests.contract.schedules import Explorer, Process

ROOM = Channel("chat:1", shards=1)

Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]


@pytest.fixture
def engine_name() -> str:
    """What is explored is the order of calls: the engine that answers fastest will do."""
    return "memory"


@pytest.fixture
def explorer(engine: Any, table: Table, make_table: MakeTable) -> Explorer:
    return Explorer(engine, make_table)


Prepared = tuple[list[Process], Process]


async def test_f03_no_row_is_left_when_subscribe_meets_disconnect(
    explorer: Explorer, table: Table, rows: Rows
) -> None:
    async def prepare() -> Prepared:
        connection = await ConnectionManager(table=table).connect("c-1", now=NOW)

        async def subscribe(table: Table) -> None:
            try:
                await Subscriptions(table).subscribe(connection, [ROOM], now=NOW)
            except ConnectionGoneError:
                return

        async def disconnect(table: Table) -> None:
            await ConnectionManager(table=table).disconnect("c-1", now=NOW)

        async def check(table: Table) -> None:
            assert {pk for pk, _ in rows()} <= {"hist#chat:1"}

        return [subscribe, disconnect], check

    assert await explorer.explore(prepare) > 6


async def test_f01_channel_is_told_and_no_row_left_when_a_prune_meets_disconnect(
    explorer: Explorer, table: Table, rows: Rows
) -> None:
    async def prepare() -> Prepared:
        told: list[str] = []
        connection = await ConnectionManager(table=table).connect("c-1", {"a": 1}, user_id="ann", now=NOW)
        await Subscriptions(table).subscribe(connection, [ROOM], now=NOW)

        async def prune(table: Table) -> None:
            await ConnectionManager(table=table).prune(["c-1"], user_id="ann", now=NOW)

        async def disconnect(table: Table) -> None:
            connections = ConnectionManager(table=table)
            await tell(connections, await connections.end_connection("c-1", now=NOW))

        async def tell(connections: ConnectionManager, *departures: EndedConnection) -> None:
            told.extend(
                channel.channel for each in departures if each.is_news for channel in each.subscriptions
            )
            await connections.forget(*departures)

        async def check(table: Table) -> None:
            connections = ConnectionManager(table=table)
            async for departures in connections.sweep(now=NOW + 1_000):
                await tell(connections, *departures)
            assert told == ["chat:1"]
            assert {pk for pk, sk in rows() if sk != "@"} == set()

        return [prune, disconnect], check

    assert await explorer.explore(prepare) >= 15


@pytest.mark.parametrize("before", [1, 4], ids=["as-many-shards", "more-shards"])
async def test_g3_nothing_is_missed_when_somebody_comes_back_while_others_publish(
    explorer: Explorer, table: Table, before: int
) -> None:
    async def prepare() -> Prepared:
        shown: set[int] = set()
        first = await History(table).append(ROOM, '"1"', now=NOW)
        connection = await ConnectionManager(table=table).connect("c-4", now=NOW)

        async def come_back(table: Table) -> None:
            channel = Channel("chat:1", shards=before)
            [subscribed] = await Subscriptions(table).subscribe(connection, [channel], now=NOW)
            since = Position(first.position.epoch, 1)
            recovery = await History(table).recover(channel, since, subscribed.head, now=NOW)
            assert recovery.recovered
            shown.update(each.position.offset for each in recovery.publications)

        async def publish(table: Table) -> None:
            ack = await History(table).append(ROOM, '"2"', now=NOW)
            stream = Subscriptions(table).subscribers("chat:1", shards=ack.shards, now=NOW)
            async for _ in stream:
                shown.add(ack.position.offset)

        async def check(table: Table) -> None:
            assert shown == {2}

        return [come_back, publish], check

    assert await explorer.explore(prepare) >= 13


async def test_g2_offsets_have_no_hole_when_two_publish(explorer: Explorer, table: Table) -> None:
    async def prepare() -> Prepared:
        async def publish(table: Table) -> None:
            await History(table).append(ROOM, '"x"', now=NOW)

        async def check(table: Table) -> None:
            page = await History(table).page(ROOM, now=NOW)
            assert [each.position.offset for each in page.publications] == [1, 2]
            assert len({each.position.epoch for each in page.publications}) == 1

        return [publish, publish], check

    assert await explorer.explore(prepare) >= 6


async def test_g2_nothing_is_missing_below_the_head_when_somebody_publishes_meanwhile(
    explorer: Explorer, table: Table
) -> None:
    async def prepare() -> Prepared:
        await History(table).append(ROOM, '"1"', now=NOW)

        async def publish(table: Table) -> None:
            for _ in range(2):
                await History(table).append(ROOM, '"x"', now=NOW)

        async def read(table: Table) -> None:
            page = await History(table).page(ROOM, now=NOW)
            assert page.head is not None
            found = [each.position.offset for each in page.publications]
            assert found == list(range(1, page.head.offset + 1))

        async def check(table: Table) -> None:
            page = await History(table).page(ROOM, now=NOW)
            assert [each.position.offset for each in page.publications] == [1, 2, 3]

        return [publish, read], check

    assert await explorer.explore(prepare) == 15


async def test_g4_one_is_stored_when_two_attempts_with_one_key_meet(explorer: Explorer, table: Table) -> None:
    async def prepare() -> Prepared:
        acks: list[tuple[Position, bool]] = []

        async def publish(table: Table) -> None:
            ack = await History(table).append(ROOM, '"1"', publisher="ann", key="1", now=NOW)
            acks.append((ack.position, ack.new))

        async def check(table: Table) -> None:
            page = await History(table).page(ROOM, now=NOW)
            [stored] = page.publications
            assert sorted(acks) == [(stored.position, False), (stored.position, True)]

        return [publish, publish], check

    assert await explorer.explore(prepare) >= 6


async def test_one_of_two_wins_when_both_subscribe_at_the_limit(explorer: Explorer, table: Table) -> None:
    async def prepare() -> Prepared:
        refused: list[str] = []
        connections = ConnectionManager(table=table)
        connection = await connections.connect("c-1", now=NOW)

        def subscribe(name: str) -> Process:
            async def subscribe(table: Table) -> None:
                subscriptions = Subscriptions(table, limit=1)
                try:
                    await subscriptions.subscribe(connection, [Channel(name)], now=NOW)
                except SubscriptionLimitError:
                    refused.append(name)

            return subscribe

        async def check(table: Table) -> None:
            [kept] = await Subscriptions(table).subscriptions_of("c-1", now=NOW)
            assert [*refused, kept.channel] in (["one", "two"], ["two", "one"])
            counted = await connections.get_connection("c-1", now=NOW)
            assert counted is not None
            assert counted.channels == 1

        return [subscribe("one"), subscribe("two")], check

    assert await explorer.explore(prepare) >= 4
