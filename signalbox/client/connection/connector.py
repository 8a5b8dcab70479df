"""Keeps a client connected: reconnects with backoff and rolls over before a connection gets too old."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..channels.decoding import Unsolicited, Unsubscribed
from ..channels.queue import BoundedQueue
from ..channels.registry import SubscriptionRegistry
from ..channels.state import SubscriptionState
from ..errors import (
    AddressError,
    ClientError,
    ClosedError,
    DisconnectedError,
    LostError,
    RefusedError,
    RequestError,
)
from ..settings import Settings
from ..tasks import Tasks
from ..values import Event, Position, Publication, Push, State, StateName
from .backoff import Backoff
from .connection import Connection
from .credentials import Credentials
from .deduplication import Deduplicator
from .frames import Frame
from .sockets import open_socket, with_query
from .stream import FrameStream

_REMEMBERED_MESSAGES = 1_000
_DEDUPLICATE_FOR = 10.0  # seconds after a roll-over in which a frame may come a second time


class Connector:
    """The connections of one client and the frames that come over them."""

    def __init__(
        self, url: str, credentials: Credentials, settings: Settings, random: Callable[[], float]
    ) -> None:
        self.state: StateName = "connecting"
        self.events: BoundedQueue[Event] = BoundedQueue(None, settings.queue)
        self._url = url
        self._credentials = credentials
        self._settings = settings
        self._random = random
        self._backoff = Backoff(settings.reconnect_pause, settings, random)
        self._tasks = Tasks()
        self._connections: set[Connection] = set()
        self._connection: Connection | None = None
        self._connected_at: int | None = None
        self._rolling_over = False
        self._deduplicator: Deduplicator | None = None
        self._changed = asyncio.Event()
        self._failure: ClientError | None = None
        self._end: ClientError | None = None
        self._main: asyncio.Task[None] | None = None
        self._messages: OrderedDict[str, None] = OrderedDict()
        self._registry = SubscriptionRegistry(settings, random, self._tasks, self._notify)

    def start(self) -> None:
        """Start to connect in the background."""
        self._main = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Close the connection and end every subscription."""
        if self._main:
            if not self._end:
                self._main.cancel()
            await asyncio.wait([self._main])
            if not self._main.cancelled():
                self._main.result()
        if not self._end:  # the client was closed before it began
            await self._close_all()

    async def ready(self, channel: str | None = None) -> Connection:
        """Return the connection once there is one.

        With a channel, a subscription to it must be made on the connection first. Raises ClosedError, or the
        error that ended the client.
        """
        while not self._end:
            subscription = self._registry.find(channel) if channel else None
            connection = self._connection
            is_open = connection is not None and not connection.ended.done()
            if connection and is_open and (not subscription or connection in subscription.connections):
                return connection
            await self._changed.wait()
        raise self._end

    def subscribe(self, channel: str, since: Position | None) -> SubscriptionState:
        """Subscribe now, or as soon as there is a connection. Raises SubscribedError and ClosedError."""
        if self._end:
            raise self._end
        subscription = self._registry.add(channel, since)
        if self._connection:
            self._tasks.start(self._subscribe(self._connection, [subscription]))
        return subscription

    async def unsubscribe(self, subscription: SubscriptionState) -> None:
        """End a subscription. Raises ClientError."""
        self._registry.remove(subscription)
        self._notify()
        await self._registry.leave(subscription)

    def receive(self, connection: Connection, inbound: Unsolicited, frame: Frame) -> None:
        """Pass a frame on to the subscriptions or to the events."""
        match inbound:
            case Publication(position=None) | Push("presence.joined" | "presence.left") if (
                self._deduplicator and self._deduplicator.is_repeat(connection, frame.text)
            ):
                pass
            case Publication():
                self._registry.take(inbound)
            case Push("message", {"message_id": str(message_id)}) if self._is_repeated(message_id):
                pass
            case Unsubscribed(channels):
                self._registry.revoke(channels)
            case Push("session.expiring") if self._credentials.renewable:
                self.events.put(inbound)
                connection.leave()
            case _:
                self.events.put(inbound)

    def positions(self) -> Mapping[str, Position]:
        """Return the position in each channel."""
        return self._registry.positions()

    def catch_up(self, connection: Connection, behind: Mapping[str, Position]) -> None:
        """Recover publications up to the server's positions."""
        self._registry.catch_up(connection, behind)

    async def _run(self) -> None:
        try:
            await self._stay_connected()
        except ClientError as error:
            self._failure = error
        finally:
            await self._close_all()

    async def _stay_connected(self) -> None:
        while True:
            self._enter_state(State("connecting"))
            try:
                connection = await self._open()
                self._use(connection)
                while True:
                    await self._wait_to_leave(connection)
                    connection = await self._roll_over(connection)
            except ClientError as error:
                if self._is_final(error):
                    raise
                seconds = self._backoff.pause()
                self._enter_state(State("waiting", seconds, error))
                await asyncio.sleep(seconds)

    async def _open(self) -> Connection:
        url, subprotocols = await self._credentials.apply(self._address())
        socket = await open_socket(
            url,
            subprotocols=subprotocols,
            origin=self._settings.origin,
            open_timeout=self._settings.open_timeout,
            ping_interval=None,
        )
        connection = Connection(FrameStream(socket), self._settings, self)
        self._connections.add(connection)
        connection.ended.add_done_callback(lambda _: self._note_ended(connection))
        connection.reader.add_done_callback(lambda _: self._connections.discard(connection))
        try:
            await connection.greet()
        except ClientError as error:
            connection.drop(error)
            raise
        return connection

    def _address(self) -> str:
        # The connections of a user are limited. A previous one that is not quite gone gives way to this one.
        previous = self._connected_at
        return self._url if previous is None else with_query(self._url, replaces=str(previous))

    def _use(self, connection: Connection) -> None:
        self._deduplicator = None
        self._connection, self._connected_at = connection, connection.connected_at
        self._enter_state(State("connected"))
        self._tasks.start(self._subscribe(connection, self._registry.missing_on(connection)))

    async def _wait_to_leave(self, connection: Connection) -> None:
        young, old = self._settings.roll_over
        lifetime = young + (old - young) * self._random()
        await _wait_for_any(connection.ended, connection.leaving, within=lifetime - connection.age)
        if connection.leaving.done():
            self._backoff.note_life(connection.age)
            await _wait_for_any(connection.ended, within=self._backoff.pause())
        _raise_if_ended(connection)

    async def _roll_over(self, old: Connection) -> Connection:
        self._rolling_over = True
        try:
            connection = await self._open_beside(old)
        finally:
            self._rolling_over = False
        self._backoff.note_life(old.age)
        self._connection, self._connected_at = connection, connection.connected_at
        if self.state == "connected":
            self._notify()
        else:
            self._enter_state(State("connected"))
        self._tasks.start(self._retire(old))
        return connection

    async def _open_beside(self, old: Connection) -> Connection:
        while True:
            try:
                connection = await self._open()
                await self._prepare(connection, old)
            except ClientError as error:
                if old.ended.done() or self._is_final(error):
                    raise
                await _wait_for_any(old.ended, within=self._backoff.pause())
                _raise_if_ended(old)
            else:
                return connection

    async def _prepare(self, connection: Connection, old: Connection) -> None:
        # When the old connection ends early, the new one serves at once and its subscriptions follow.
        self._deduplicator = Deduplicator()
        started: set[SubscriptionState] = set()
        while missing := [each for each in self._registry.missing_on(connection) if each not in started]:
            started.update(missing)
            await _wait_for_any(self._tasks.start(self._subscribe(connection, missing)), old.ended)
            _raise_if_ended(connection)

    async def _retire(self, old: Connection) -> None:
        deduplicator = self._deduplicator
        await old.retire()
        await asyncio.sleep(_DEDUPLICATE_FOR)
        if self._deduplicator is deduplicator:
            self._deduplicator = None

    async def _subscribe(self, connection: Connection, subscriptions: list[SubscriptionState]) -> None:
        with suppress(LostError, ClosedError):  # the next connection subscribes again
            await self._registry.subscribe(connection, subscriptions)

    def _note_ended(self, connection: Connection) -> None:
        reason = connection.ended.result()
        if isinstance(reason, DisconnectedError) and self._main and not self._end:
            self._failure = reason
            self._main.cancel()  # whichever connection it came over: the server refuses any other
        elif connection is self._connection:
            self._connection = None
            self._backoff.note_life(connection.age)
            if self._rolling_over:
                self._enter_state(State("connecting"))

    def _is_final(self, error: ClientError) -> bool:
        match error:
            case AddressError():
                return True
            case RefusedError(status=401 | 403) | RequestError(code="unauthorized" | "forbidden"):
                return not self._credentials.renewable
        return False

    def _is_repeated(self, message_id: str) -> bool:
        if message_id in self._messages:
            return True
        self._messages[message_id] = None
        if len(self._messages) > _REMEMBERED_MESSAGES:
            self._messages.popitem(last=False)
        return False

    async def _close_all(self) -> None:
        self._end = self._failure or ClosedError("the client is closed")
        self._connection = None
        await self._tasks.cancel()
        await asyncio.gather(*(connection.close() for connection in self._connections))
        self._registry.end(self._failure)
        self._enter_state(State("closed", error=self._failure))
        self.events.end()

    def _enter_state(self, state: State) -> None:
        self.state = state.name
        self.events.put(state)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed.clear()


async def _wait_for_any(*futures: "asyncio.Future[Any]", within: float | None = None) -> None:
    timeout = None if within is None else max(within, 0)
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


def _raise_if_ended(connection: Connection) -> None:
    if connection.ended.done():
        raise connection.ended.result()
