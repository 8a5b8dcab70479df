"""The table in docs/operations.md, row by row: what is measured is what is written there."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from connection_store import (
    Allowances,
    Channel,
    Connection,
    ConnectionManager,
    History,
    Position,
    Presence,
    Rate,
    Subscriptions,
    Table,
)
from signalbox.testing.capacity import CapacityMeter
from tests.contract.conftest import MakeTable
from tests.contract.instants import NOW

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
ROOM = Channel("chat:lobby", watched=True)
ROOMS = [Channel(f"chat:{n}") for n in range(10)]
KB = 1_024


class Backend:
    """A store with a meter."""

    def __init__(self, make_table: MakeTable) -> None:
        self.meter = CapacityMeter()
        table = make_table(listener=self.meter)
        self.connections = ConnectionManager(table=table, connection_limit=10)
        self.allowances = Allowances(table)
        self.subscriptions = Subscriptions(table)
        self.history = History(table)
        self.presence = Presence(table)

    async def connect(self, connection_id: str = "ann", *channels: Channel) -> Connection:
        connection = await self.connections.connect(
            connection_id, user_id=f"user-{connection_id}", name="Ann", now=NOW
        )
        if channels:
            await self.subscriptions.subscribe(connection, channels, now=NOW)
        return connection

    async def publish(self, size: int, number: int = 1) -> Position:
        for n in range(number):
            ack = await self.history.append(ROOM, "x" * size, publisher="user-bob", key=f"k{n}", now=NOW)
        return ack.position

    async def deliver(self, shards: int | None = None, *, consistent: bool = True) -> None:
        stream = self.subscriptions.subscribers(ROOM.name, shards=shards, consistent=consistent, now=NOW)
        assert [each async for each in stream]


@pytest.fixture
def engine_name() -> str:
    """What is metered are requests and answers, which are the same on each engine."""
    return "memory"


@pytest.fixture
def backend(table: Table, make_table: MakeTable) -> Backend:
    return Backend(make_table)


Measured = Callable[[], Awaitable[Any]]


def counted(prepare: Callable[[Backend], Awaitable[Measured]]) -> Callable[[Backend], Awaitable[Measured]]:
    """What stores or is sent on is counted before."""

    async def prepare_counted(backend: Backend) -> Measured:
        measured = await prepare(backend)
        talker = await backend.connect("talker")

        async def count() -> None:
            assert await backend.allowances.take(talker, Rate(1, 1), now=NOW) == 0
            await measured()

        return count

    return prepare_counted


async def connect(backend: Backend) -> Measured:
    return backend.connect


async def connect_again(backend: Backend) -> Measured:
    await backend.connect()
    return lambda: backend.connections.connect("another", user_id="user-ann", name="Ann", now=NOW)


async def subscribe(backend: Backend) -> Measured:
    await backend.connect("bob", ROOM)
    ann = await backend.connect()
    return lambda: backend.subscriptions.subscribe(ann, [ROOM], now=NOW)


async def subscribe_first(backend: Backend) -> Measured:
    ann = await backend.connect()
    return lambda: backend.subscriptions.subscribe(ann, [ROOM], now=NOW)


async def subscribe_ten(backend: Backend) -> Measured:
    await backend.connect("bob", *ROOMS)
    ann = await backend.connect()
    return lambda: backend.subscriptions.subscribe(ann, ROOMS, now=NOW)


def publish(size: int) -> Callable[[Backend], Awaitable[Measured]]:
    async def prepare(backend: Backend) -> Measured:
        await backend.connect("ann", ROOM)

        async def publish() -> None:
            await backend.publish(size)
            await backend.deliver(4)

        return publish

    return prepare


async def publish_again(backend: Backend) -> Measured:
    await backend.publish(KB)
    return lambda: backend.publish(KB)


async def publish_without_history(backend: Backend) -> Measured:
    await backend.connect("ann", ROOM)
    return lambda: backend.deliver(consistent=False)


def ping(after: int) -> Callable[[Backend], Awaitable[Measured]]:
    async def prepare(backend: Backend) -> Measured:
        await backend.connect()

        async def ping() -> None:
            connection = await backend.connections.get_connection(
                "ann", with_client_data=False, now=NOW + after
            )
            assert connection is not None
            if backend.connections.needs_touch(connection, NOW + after):
                await backend.connections.update_last_seen("ann", now=NOW + after)

        return ping

    return prepare


async def positions(backend: Backend) -> Measured:
    await backend.connect("ann", *ROOMS)
    return lambda: backend.history.heads([room.name for room in ROOMS], now=NOW)


def recover(missed: int, size: int = KB) -> Callable[[Backend], Awaitable[Measured]]:
    async def prepare(backend: Backend) -> Measured:
        await backend.connect("bob", ROOM)
        last = await backend.publish(size, max(missed, 1))
        ann = await backend.connect()

        async def recover() -> None:
            [subscribed] = await backend.subscriptions.subscribe(ann, [ROOM], now=NOW)
            since = Position(last.epoch, last.offset - missed)
            recovery = await backend.history.recover(ROOM, since, subscribed.head, now=NOW)
            assert len(recovery.publications) == missed

        return recover

    return prepare


async def page(backend: Backend) -> Measured:
    await backend.publish(KB, 50)
    return lambda: backend.history.page(ROOM, limit=50, reverse=True, now=NOW)


async def attendance(backend: Backend) -> Measured:
    for n in range(50):
        await backend.connect(f"c-{n:02}", ROOM)
    return lambda: backend.presence.get(ROOM.name, now=NOW)


async def unsubscribe(backend: Backend) -> Measured:
    await backend.connect("ann", ROOM)
    return lambda: backend.subscriptions.unsubscribe("ann", [ROOM.name], now=NOW)


def disconnect(*channels: Channel) -> Callable[[Backend], Awaitable[Measured]]:
    async def prepare(backend: Backend) -> Measured:
        await backend.connect("ann", *channels)
        return lambda: backend.connections.disconnect("ann", now=NOW)

    return prepare


async def sweep(backend: Backend) -> Measured:
    await backend.connect()
    return lambda: collect(backend.connections.sweep(now=NOW))


async def collect(rows: AsyncIterator[Any]) -> list[Any]:
    return [row async for row in rows]


ROWS: dict[str, Callable[[Backend], Awaitable[Measured]]] = {
    "connect": connect,
    "connect, with other connections": connect_again,
    "subscribe": counted(subscribe),
    "subscribe, the first of a channel": counted(subscribe_first),
    "subscribe to 10 channels": counted(subscribe_ten),
    "subscribe and recover, nothing missed": counted(recover(0)),
    "subscribe and recover, 10 missed": counted(recover(10)),
    "publish 1 KB": counted(publish(KB)),
    "publish 4 KB": counted(publish(4 * KB)),
    "publish 32 KB": counted(publish(32 * KB)),
    "publish 1 KB again, with the same key": counted(publish_again),
    "publish without history, of any size": counted(publish_without_history),
    "history, 50 of 1 KB": page,
    "ping within 30 s of the last": ping(29_999),
    "ping": ping(30_000),
    "positions of 10 channels in a ping": positions,
    "presence of 50 users": attendance,
    "unsubscribe": counted(unsubscribe),
    "disconnect": disconnect(),
    "disconnect from 1 channel": disconnect(ROOM),
    "disconnect from 10 channels": disconnect(*ROOMS),
    "sweep, nobody left": sweep,
}


def documented() -> dict[str, tuple[float, ...]]:
    """Label to requests, read units, write units."""
    found = re.findall(r"^\| ([^|]+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", DOCUMENT.read_text(), re.M)
    return {label: tuple(map(float, numbers)) for label, *numbers in found}


def test_every_row_of_the_document_is_measured() -> None:
    assert list(documented()) == list(ROWS)


@pytest.mark.parametrize("row", ROWS)
async def test_costs_are_as_documented(backend: Backend, row: str) -> None:
    measured = await ROWS[row](backend)
    for counter in (backend.meter.requests, backend.meter.reads, backend.meter.writes):
        counter.clear()
    await measured()
    units = sum(backend.meter.reads.values()), sum(backend.meter.writes.values())
    assert (backend.meter.requests.total(), *units) == documented()[row]
