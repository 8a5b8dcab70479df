"""kill@k: the process dies after each of its calls in turn; then comes what comes in a real system."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connection_store import Channel, Connection, ConnectionManager, History, Subscriptions, Table
from connection_store.schema import SHARDS
from tests.contract.conftest import MakeTable
from tests.contract.faults import FaultyEngine
from tests.contract.instants import NOW

LATER = NOW + 1_000

Process = Callable[[Table], Awaitable[Any]]
Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]


class Died(BaseException):
    """The process is no more."""


@pytest.fixture
def kill(engine: Any, make_table: MakeTable) -> Callable[[Process, int], Awaitable[bool]]:
    """Runs a process that dies after its k-th call; tells whether it lived to do that many."""

    async def kill(process: Process, k: int) -> bool:
        calls = 0

        def die(operation: str, attempt: int) -> BaseException | None:
            nonlocal calls
            calls += 1
            return Died() if calls >= k else None

        try:
            await process(make_table(engine=FaultyEngine(engine, after=die)))
        except Died:
            return True
        return False

    return kill


async def told_by_sweep(connections: ConnectionManager, now: int = LATER) -> list[str]:
    told: list[str] = []
    async for departures in connections.sweep(now=now):
        told += [each.channel for departure in departures for each in departure.subscriptions]
        await connections.forget(*departures)
    return sorted(told)


@pytest.mark.parametrize("known", [True, False], ids=["later", "first"])
@pytest.mark.parametrize("k", [1, 2])
async def test_publication_is_stored_once_when_its_first_attempt_died(
    kill: Any, history: History, k: int, known: bool
) -> None:
    channel = Channel("chat:1")
    if known:
        await history.append(channel, '"before"', now=NOW)

    async def publish(table: Table) -> object:
        return await History(table).append(channel, '"it"', publisher="ann", key="1", now=NOW)

    assert await kill(publish, k)
    between = await history.append(channel, '"another"', publisher="bob", key="1", now=NOW)
    ack = await history.append(channel, '"it"', publisher="ann", key="1", now=LATER)
    stored = (await history.page(channel, now=LATER)).publications
    assert [each.position.offset for each in stored] == list(range(1, known + 3))
    assert [each.position for each in stored if each.data == '"it"'] == [ack.position]
    assert [each.position for each in stored if each.data == '"another"'] == [between.position]
    assert ack.new is (k == 1)


@pytest.fixture
async def ann(connections: ConnectionManager) -> Connection:
    return await connections.connect("c-1", {"a": 1}, user_id="ann", now=NOW)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
async def test_subscription_is_whole_when_repeated_after_its_first_attempt_died(
    kill: Any,
    ann: Connection,
    connections: ConnectionManager,
    subscriptions: Subscriptions,
    history: History,
    k: int,
) -> None:
    channels = [Channel("chat:1", 16), Channel("chat:2")]
    assert await kill(lambda table: Subscriptions(table).subscribe(ann, channels, now=NOW), k)
    repeated = await subscriptions.subscribe(ann, channels, now=LATER)
    counted = await connections.get_connection("c-1", now=LATER)
    assert counted is not None
    assert counted.channels == len(await subscriptions.subscriptions_of("c-1", now=LATER)) == 2
    for subscribed in repeated:
        # An older release publishes: it asks for one shard, and must find the subscriber all the same.
        ack = await history.append(Channel(subscribed.channel.name, 1), '"a"', now=LATER)
        assert ack.position == (subscribed.head.epoch, subscribed.head.offset + 1)
        stream = subscriptions.subscribers(subscribed.channel.name, shards=ack.shards, now=LATER)
        assert [each.connection_id async for each in stream] == ["c-1"]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
async def test_nothing_is_left_when_subscribe_died_and_the_client_never_came_back(
    kill: Any, ann: Connection, connections: ConnectionManager, rows: Rows, k: int
) -> None:
    channels = [Channel("chat:1", 16), Channel("chat:2")]
    assert await kill(lambda table: Subscriptions(table).subscribe(ann, channels, now=NOW), k)
    assert await told_by_sweep(connections, NOW + 1_200_000) == ["chat:1", "chat:2"]
    assert {pk for pk, _ in rows()} <= {"hist#chat:1", "hist#chat:2"}


@pytest.mark.parametrize("k", [1, 2])
async def test_count_is_right_when_unsubscribe_died(
    kill: Any, ann: Connection, connections: ConnectionManager, subscriptions: Subscriptions, k: int
) -> None:
    await subscriptions.subscribe(ann, [Channel("chat:1"), Channel("chat:2")], now=NOW)
    assert await kill(lambda table: Subscriptions(table).unsubscribe("c-1", ["chat:1"], now=NOW), k)
    await subscriptions.unsubscribe("c-1", ["chat:1"], now=LATER)
    counted = await connections.get_connection("c-1", now=LATER)
    assert counted is not None
    assert counted.channels == len(await subscriptions.subscriptions_of("c-1", now=LATER)) == 1
    assert [each async for each in subscriptions.subscribers("chat:1", now=LATER)] == []


CHANNELS = [f"chat:{n:02}" for n in range(30)]
DISCONNECT_CALLS = 5
"""The row expires, the subscriptions are read, three batches of rows are deleted."""


@pytest.fixture
async def busy(ann: Connection, subscriptions: Subscriptions) -> Connection:
    await subscriptions.subscribe(ann, map(Channel, CHANNELS), now=NOW)
    return ann


@pytest.mark.parametrize("k", range(1, DISCONNECT_CALLS + 1))
async def test_every_channel_is_told_and_nothing_left_when_disconnect_died(
    kill: Any, busy: Connection, connections: ConnectionManager, rows: Rows, k: int
) -> None:
    told: set[str] = set()

    async def disconnect(table: Table) -> None:
        mortal = ConnectionManager(table=table)
        departure = await mortal.end_connection("c-1", now=NOW)
        told.update(each.channel for each in departure.subscriptions)
        await mortal.forget(departure)

    assert await kill(disconnect, k)
    assert await connections.get_connection("c-1", now=NOW - 60_000) is None
    assert sorted(told) == ([] if k < 3 else CHANNELS)
    told.update(await told_by_sweep(connections))
    assert sorted(told) == CHANNELS
    assert {pk for pk, _ in rows()} == {f"hist#{name}" for name in CHANNELS}
    assert await told_by_sweep(connections) == []


PRUNE_CALLS = 4
"""The row expires, the subscriptions are read, two batches of rows are deleted."""


@pytest.mark.parametrize("k", range(1, PRUNE_CALLS + 1))
async def test_every_channel_is_told_and_nothing_left_when_prune_died(
    kill: Any, busy: Connection, connections: ConnectionManager, rows: Rows, k: int
) -> None:
    assert await kill(lambda table: ConnectionManager(table=table).prune(["c-1"], now=NOW), k)
    assert await told_by_sweep(connections) == CHANNELS
    assert {pk for pk, _ in rows()} == {f"hist#{name}" for name in CHANNELS}


@pytest.mark.parametrize("k", range(SHARDS + 1, SHARDS + DISCONNECT_CALLS + 1))
async def test_next_sweep_finishes_when_a_sweep_died(
    kill: Any, busy: Connection, connections: ConnectionManager, rows: Rows, k: int
) -> None:
    told: set[str] = set()
    silent = NOW + 1_200_000

    async def sweep(table: Table) -> None:
        mortal = ConnectionManager(table=table)
        async for departures in mortal.sweep(now=silent):
            told.update(each.channel for departure in departures for each in departure.subscriptions)
            await mortal.forget(*departures)

    assert await kill(sweep, k)
    told.update(await told_by_sweep(connections, silent))
    assert sorted(told) == CHANNELS
    assert {pk for pk, _ in rows()} == {f"hist#{name}" for name in CHANNELS}


async def test_each_process_is_killed_after_its_last_call_too(
    kill: Any, busy: Connection, subscriptions: Subscriptions
) -> None:
    """The numbers of calls above are all there are."""
    room = Channel("chat:1")
    assert not await kill(lambda table: History(table).append(room, '"a"', now=NOW), 3)
    new = [Channel("new:1", 16), Channel("new:2")]
    assert not await kill(lambda table: Subscriptions(table).subscribe(busy, new, now=NOW), 5)
    assert not await kill(lambda table: Subscriptions(table).unsubscribe("c-1", ["new:1"], now=NOW), 3)
    await subscriptions.unsubscribe("c-1", ["new:2"], now=NOW)
    prune = ConnectionManager.prune
    assert not await kill(
        lambda table: prune(ConnectionManager(table=table), ["c-1"], now=NOW), PRUNE_CALLS + 1
    )
    process = ConnectionManager.disconnect
    assert not await kill(lambda table: process(ConnectionManager(table=table), "c-1", now=NOW), 6)
