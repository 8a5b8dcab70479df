"""Who comes to a channel, and who leaves it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import NamedTuple

from connection_store import (
    Connection,
    ConnectionManager,
    EndedConnection,
    StoreError,
    Subscribed,
    Subscription,
)
from signalbox.observability import count, logger
from signalbox.protocol import DisconnectCode, Expiring, Joined, Left, PresentConnection

from ..delivery.audience import Audience
from ..delivery.delivery import Courier, encode, stream
from ..namespaces import Namespace, namespace_of

WARNED = 180
"""Seconds before its end within which a session is warned by every sweep: three times, so one may fail."""


class _Move(NamedTuple):
    connection: Connection
    channel: str
    shards: int | None = None


class Attendance:
    """Tells the subscribers of channels who comes and goes, where their namespace asks for it.

    `audience_of` is from a tenant to whom it has, and `courier_of` to who delivers there: a sweep is for all.
    `now` is epoch milliseconds, `time_left` gives seconds.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        audience_of: Callable[[str], Audience],
        courier_of: Callable[[str], Courier],
        namespaces: Mapping[str, Namespace],
    ) -> None:
        self._connections = connections
        self._audience_of = audience_of
        self._courier_of = courier_of
        self._namespaces = namespaces

    async def announce(
        self,
        connection: Connection,
        subscribed: Iterable[Subscribed],
        *,
        now: int,
        time_left: Callable[[], float],
    ) -> None:
        """Tell the channels that are new to `connection`; what fails is logged, and no more."""
        moves = [_Move(connection, each.channel.name, each.head.shards) for each in subscribed if each.new]
        await self._try(Joined, moves, now, time_left)

    async def excuse(
        self,
        connection: Connection,
        ended: Iterable[Subscription],
        *,
        now: int,
        time_left: Callable[[], float],
    ) -> None:
        """Tell the channels that `connection` has left; what fails is logged, and no more."""
        await self._try(Left, [_Move(connection, each.channel) for each in ended], now, time_left)

    async def end_connection(self, connection_id: str, *, now: int, time_left: Callable[[], float]) -> None:
        """End a connection: no read shows it any more, its channels are told, then its rows are deleted.

        Whoever dies in between has the rest done, and the channels told once more, by the next sweep. Safe to
        repeat. Raises StoreError.
        """
        await self._finish([await self._connections.end_connection(connection_id, now=now)], now, time_left)

    async def evict(
        self, connection_id: str, why: DisconnectCode, *, now: int, time_left: Callable[[], float]
    ) -> None:
        """End a connection that is open, and tell it why. Raises StoreError."""
        departure = await self._connections.end_connection(connection_id, now=now)
        await self.expel([departure], why, now=now, time_left=time_left)

    async def expel(
        self,
        departures: Collection[EndedConnection],
        why: DisconnectCode,
        *,
        now: int,
        time_left: Callable[[], float],
    ) -> None:
        """Tell connections that have ended why, close them, and do the rest of `end_connection`."""
        await self._courier_of("").dismiss([each.connection_id for each in departures], why, time_left)
        await self._finish(departures, now, time_left)

    async def sweep(self, *, now: int, time_left: Callable[[], float]) -> int:
        """End the connections that expired or fell silent, until time is out; return how many.

        Those who are there all the same are told why, and closed. Whose time is about to be up is warned, so
        that it costs no request and reaches who only listens. What fails for some is left to the next sweep,
        keeps nobody else waiting, and is raised at the end. Raises StoreError.
        """
        ended = 0
        expiring: list[Connection] = []
        failures: list[StoreError] = []

        def note(connection: Connection) -> None:
            if connection.expires_at * 1_000 - now <= WARNED * 1_000:
                expiring.append(connection)

        with _put_off(failures):
            async with aclosing(self._connections.sweep(staying=note, now=now)) as batches:
                async for departures in batches:
                    with _put_off(failures):
                        await self._expel_swept(departures, now, time_left)
                        ended += len(departures)
                    if time_left() <= 0:
                        break
        await self._warn(expiring, now, time_left)
        count("Swept", ended)
        if failures:
            raise failures[0]
        return ended

    async def _expel_swept(
        self, departures: Collection[EndedConnection], now: int, time_left: Callable[[], float]
    ) -> None:
        expired = [each for each in departures if each.expired]
        others = [each for each in departures if not each.expired]
        await self.expel(expired, "expired", now=now, time_left=time_left)
        await self.expel(others, "ended", now=now, time_left=time_left)

    async def _warn(self, expiring: Collection[Connection], now: int, time_left: Callable[[], float]) -> None:
        frame = encode(Expiring(within=WARNED))
        for tenant in {each.partition for each in expiring}:
            theirs = stream([each for each in expiring if each.partition == tenant])
            await self._courier_of(tenant).deliver(frame, theirs, now=now, time_left=time_left)

    async def _finish(
        self, departures: Collection[EndedConnection], now: int, time_left: Callable[[], float]
    ) -> None:
        moves = [
            _Move(each.connection, subscription.channel)
            for each in departures
            for subscription in each.subscriptions
            if each.connection
        ]
        await self._tell(Left, moves, now, time_left)
        await self._connections.forget(*departures)

    async def _try(
        self,
        kind: type[Joined] | type[Left],
        moves: Collection[_Move],
        now: int,
        time_left: Callable[[], float],
    ) -> None:
        try:
            await self._tell(kind, moves, now, time_left)
        except StoreError as error:  # what they would have been told of has been done
            logger.warning("nobody was told who came or left", extra={"error": type(error).__name__})

    async def _tell(
        self,
        kind: type[Joined] | type[Left],
        moves: Collection[_Move],
        now: int,
        time_left: Callable[[], float],
    ) -> None:
        moving = {each.connection.connection_id for each in moves}
        try:
            # Not gather: with the first that fails, all end, and none goes on beside what comes next.
            async with asyncio.TaskGroup() as tellings:
                for each in moves:
                    if self._is_told(each.channel):
                        audience = self._audience_of(each.connection.partition)
                        telling = audience.tell(
                            each.channel,
                            _frame(kind, each),
                            shards=each.shards,
                            besides=moving,
                            now=now,
                            time_left=time_left,
                        )
                        tellings.create_task(telling)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _is_told(self, channel: str) -> bool:
        namespace = self._namespaces.get(namespace_of(channel))
        return namespace is not None and namespace.join_leave


@contextmanager
def _put_off(failures: list[StoreError]) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        failures.append(error)


def _frame(kind: type[Joined] | type[Left], move: _Move) -> Joined | Left:
    connection = move.connection
    line = PresentConnection(name=connection.name or "", connected_at=connection.connected_at)
    return kind(channel=move.channel, user_id=connection.user_id or "", connection=line)
