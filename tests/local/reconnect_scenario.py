"""A conversation on one channel while connections are cut, and what each client showed of it."""

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
"""As patient as a test can be. Pings would be minutes away, so nothing here is owed to them."""


def delivery_faults(seed: int, clock_rate: float = 1.0) -> FaultPlan:
    """Everything that may happen to events and posts, at once."""
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
    """All sockets of all clients, as they are opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        self._dice = Random(f"cuts/{seed}")
        self._sockets: list[ClientConnection] = []
        self._came = asyncio.Event()
        self._opened = 0
        monkeypatch.setattr("signalbox.client.connection.connector.open_socket", self._remember)

    async def cut(self, times: int, every: float = 0.01) -> None:
        """Cut so many, one at a time, `every` so many seconds on average."""
        for _ in range(times):
            await asyncio.sleep(self._dice.uniform(0, 2 * every))
            while not (alive := [socket for socket in self._sockets if socket.state is OPEN]):
                self._came.clear()
                await self._came.wait()
            self._sockets = alive
            alive.pop(self._dice.randrange(len(alive))).transport.abort()

    async def cut_all(self) -> None:
        """Cut all that are open, and return when as many have been opened again."""
        alive = [socket for socket in self._sockets if socket.state is OPEN]
        for socket in alive:
            socket.transport.abort()
        await self.opened(self._opened + len(alive))

    async def opened(self, number: int) -> None:
        """Return when so many have been opened."""
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
    """What came of it: what was acknowledged, by offset, and what each client showed.

    `pauses` has the seconds of the first pause of each client that was cut off.
    """

    published: dict[int, object] = field(default_factory=dict)
    shown: dict[str, list[Item]] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    pauses: list[float] = field(default_factory=list)
    over: bool = False

    async def talk(self, client: Client, name: str, dice: Random, pause: float) -> None:
        """Publish, time and again, until it is over."""
        for number in itertools.count(1):
            await asyncio.sleep(dice.uniform(0, 2 * pause))
            if self.over:
                return
            await self.say(client, f"{name}/{number}")

    async def say(self, client: Client, data: str) -> None:
        """Publish, and remember where it is."""
        published = await client.publish(ROOM, data)
        assert published.position
        self.published[published.position.offset] = data

    async def watch(self, client: Client) -> None:
        """Remember the states it is in, and its first pause."""
        states = [event async for event in client.events if isinstance(event, State)]
        self.states.update(state.name for state in states)
        self.pauses += [state.seconds for state in states if state.seconds is not None][:1]

    async def show(self, name: str, subscription: Subscription) -> None:
        """Show what comes, until the last publication."""
        async for item in subscription:
            self.shown[name].append(item)
            if isinstance(item, Publication) and item.data == LAST:
                return


async def run_scenario(
    url: str,
    mishap: Coroutine[Any, Any, None],
    *,
    seed: int,
    clients: int = 10,
    talkers: int | None = None,
    pause: float = 0.2,
    patience: float = PATIENCE,
    settings: Settings = HASTY,
) -> Scenario:
    """Let clients talk to each other for as long as a mishap takes; then wait until all showed all.

    `talkers` is how many of them talk (all), `pause` the mean of the seconds between publications of one.
    """
    conversation = Scenario()
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(
                Client(url, name=f"n{number}", settings=settings, random=Random(f"{seed}/{number}").random)
            )
            for number in range(clients)
        ]
        watches = [asyncio.create_task(conversation.watch(client)) for client in people]
        subscriptions = [client.subscribe(ROOM) for client in people]
        await asyncio.gather(*(subscription.subscribed() for subscription in subscriptions))
        conversation.shown = {f"n{number}": [] for number in range(clients)}
        shows = [
            asyncio.create_task(conversation.show(name, subscription))
            for name, subscription in zip(conversation.shown, subscriptions, strict=True)
        ]
        talks = [
            asyncio.create_task(conversation.talk(client, name, Random(f"talk/{seed}/{name}"), pause))
            for name, client in list(zip(conversation.shown, people, strict=True))[:talkers]
        ]
        await mishap
        conversation.over = True
        await asyncio.gather(*talks)
        await conversation.say(people[0], LAST)
        await asyncio.wait(shows, timeout=patience)
    await asyncio.gather(*watches)
    return conversation
