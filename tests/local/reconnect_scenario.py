"""Clients that publish on one channel while their connections are cut, and what each of them received."""

import asyncio
import itertools
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.protocol import OPEN

from signalbox.client.channels.subscription import Subscription
from signalbox.client.client import Client
from signalbox.client.connection import sockets
from signalbox.client.settings import Settings
from signalbox.client.values import Item, Publication, State
from signalbox.gateway.faults.plan import Delay, Drop, Duplicate, FaultPlan, Shuffle

PATIENCE = 120.0
ROOM = "room:1"
LAST = "last"

HASTY = Settings(
    request_timeout=5.0,
    publish_timeout=60.0,
    reconnect_pause=0.02,
    retry_pause=0.02,
    longest_pause=0.1,
    steady_after=0.5,
    hold=0.1,
    queue=100_000,
)
"""Settings with short pauses and long time limits. Pings are minutes apart, so they play no part."""


def delivery_faults(seed: int, clock_rate: float = 1.0) -> FaultPlan:
    """A plan with every fault of events and posts at once."""
    return FaultPlan(
        Drop("disconnect", chance=0.3),
        Duplicate("disconnect", chance=0.3),
        Delay("disconnect", (0, 0.3 * clock_rate), chance=0.5),
        Duplicate("message", chance=0.2),
        Delay("message", (0, 0.05 * clock_rate), chance=0.2),
        Duplicate("post", chance=0.1),
        Shuffle("post", 5, chance=0.5, within=0.05 * clock_rate),
        seed=seed,
        clock_rate=clock_rate,
    )


class SocketCutter:
    """Remembers the sockets of all clients, and cuts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        self._dice = Random(f"cuts/{seed}")
        self._sockets: list[ClientConnection] = []
        self._came = asyncio.Event()
        self._opened = 0
        monkeypatch.setattr("signalbox.client.connection.connector.open_socket", self._remember)

    async def cut(self, times: int, every: float = 0.01) -> None:
        """Cut so many sockets, one at a time, each `every` seconds on average."""
        for _ in range(times):
            await asyncio.sleep(self._dice.uniform(0, 2 * every))
            while not (alive := [socket for socket in self._sockets if socket.state is OPEN]):
                self._came.clear()
                await self._came.wait()
            self._sockets = alive
            alive.pop(self._dice.randrange(len(alive))).transport.abort()

    async def cut_all(self) -> None:
        """Cut all open sockets, and return when as many are open again."""
        alive = [socket for socket in self._sockets if socket.state is OPEN]
        for socket in alive:
            socket.transport.abort()
        await self.opened(self._opened + len(alive))

    async def opened(self, number: int) -> None:
        """Return when so many sockets have been opened."""
        while self._opened < number:
            self._came.clear()
            await self._came.wait()

    async def _remember(self, *arguments: Any, **options: Any) -> ClientConnection:
        socket = await sockets.open_socket(*arguments, **options)
        self._sockets.append(socket)
        self._opened += 1
        self._came.set()
        return socket


@dataclass
class Scenario:
    """The result: acknowledged publications by offset, and the items that each client received.

    `pauses` has the seconds of the first pause of each client whose connection was cut.
    """

    published: dict[int, object] = field(default_factory=dict)
    received: dict[str, list[Item]] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    pauses: list[float] = field(default_factory=list)
    over: bool = False

    async def publish_repeatedly(self, client: Client, name: str, dice: Random, pause: float) -> None:
        """Publish again and again, until the scenario is over."""
        for number in itertools.count(1):
            await asyncio.sleep(dice.uniform(0, 2 * pause))
            if self.over:
                return
            await self.publish(client, f"{name}/{number}")

    async def publish(self, client: Client, data: str) -> None:
        """Publish, and remember the offset."""
        published = await client.publish(ROOM, data)
        assert published.position
        self.published[published.position.offset] = data

    async def watch(self, client: Client) -> None:
        """Remember the states of a client, and its first pause."""
        states = [event async for event in client.events if isinstance(event, State)]
        self.states.update(state.name for state in states)
        self.pauses += [state.seconds for state in states if state.seconds is not None][:1]

    async def receive(self, name: str, subscription: Subscription) -> None:
        """Receive items until the last publication."""
        async for item in subscription:
            self.received[name].append(item)
            if isinstance(item, Publication) and item.data == LAST:
                return


async def run_scenario(
    url: str,
    disturbance: Coroutine[Any, Any, None],
    *,
    seed: int,
    clients: int = 10,
    publishers: int | None = None,
    pause: float = 0.2,
    receive_for: float = PATIENCE,
    settings: Settings = HASTY,
) -> Scenario:
    """Let clients publish until `disturbance` is over, then wait until each has received everything.

    `publishers` is the number of clients that publish (None: all). `pause` is the mean of the seconds between
    two publications of a client.
    """
    scenario = Scenario()
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        connected = [
            await stack.enter_async_context(
                Client(url, name=f"n{number}", settings=settings, random=Random(f"{seed}/{number}").random)
            )
            for number in range(clients)
        ]
        watches = [asyncio.create_task(scenario.watch(client)) for client in connected]
        subscriptions = [client.subscribe(ROOM) for client in connected]
        await asyncio.gather(*(subscription.subscribed() for subscription in subscriptions))
        scenario.received = {f"n{number}": [] for number in range(clients)}
        receiving = [
            asyncio.create_task(scenario.receive(name, subscription))
            for name, subscription in zip(scenario.received, subscriptions, strict=True)
        ]
        publishing = [
            asyncio.create_task(
                scenario.publish_repeatedly(client, name, Random(f"talk/{seed}/{name}"), pause)
            )
            for name, client in list(zip(scenario.received, connected, strict=True))[:publishers]
        ]
        await disturbance
        scenario.over = True
        await asyncio.gather(*publishing)
        await scenario.publish(connected[0], LAST)
        await asyncio.wait(receiving, timeout=receive_for)
    await asyncio.gather(*watches)
    return scenario
