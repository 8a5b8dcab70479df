"""Connections end: after `$disconnect`, by the server's decision, or in the sweep."""

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import aclosing, contextmanager

from connection_store import Connection, ConnectionManager, EndedConnection, StoreError
from signalbox.moment import Moment
from signalbox.observability import count
from signalbox.protocol import DisconnectCode, Expiring
from signalbox.protocol.encoding import encode

from ..delivery.delivery import Delivery, stream
from ..presence.announcements import Announcements

EXPIRY_WARNING = 180
"""Seconds before its end within which every sweep warns a session: three times, so one may fail."""

OnEnd = Callable[[EndedConnection, str, Moment], Awaitable[None]]
"""Hears that a connection has ended, and why. It is told at least once, and must not raise."""


async def ignore_end(_ended: EndedConnection, _reason: str, _moment: Moment) -> None:
    """Do nothing about an end."""


class Endings:
    """Ends connections in an order that a crash anywhere leaves to the next sweep.

    First the connection's row expires, then its channels and the application (`on_end`) are told, then its
    rows are deleted. `delivery_of` returns the delivery of a tenant: a sweep is for all tenants.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        announcements: Announcements,
        delivery_of: Callable[[str], Delivery],
        on_end: OnEnd = ignore_end,
    ) -> None:
        self._connections = connections
        self._announcements = announcements
        self._delivery_of = delivery_of
        self._on_end = on_end

    async def end(self, connection_id: str, moment: Moment, on_end: OnEnd | None = None) -> None:
        """End a connection that is closed already. Safe to repeat. Raises StoreError.

        `on_end` hears of it instead of the usual listener.
        """
        ended = await self._connections.end_connection(connection_id, now=moment.now)
        await self._finish([ended], "disconnected", moment, on_end or self._on_end)

    async def evict(self, connection_id: str, code: DisconnectCode, moment: Moment) -> None:
        """End a connection that is open, and tell it why. Raises StoreError."""
        ended = await self._connections.end_connection(connection_id, now=moment.now)
        await self.close([ended], code, moment)

    async def close(self, ended: Collection[EndedConnection], code: DisconnectCode, moment: Moment) -> None:
        """Tell connections that have ended why, close them, then do the rest. Raises StoreError."""
        await self._delivery_of("").dismiss([each.connection_id for each in ended], code, moment)
        await self._finish(ended, code, moment, self._on_end)

    async def sweep(self, moment: Moment) -> int:
        """End the connections that expired or fell silent, until time is out; return how many.

        Those that are open all the same are told why, and closed. Sessions that end soon are warned here:
        that costs no request, and reaches clients that only listen. A failure for some connections leaves
        them to the next sweep, delays no others, and is raised at the end. Raises StoreError.
        """
        swept = 0
        expiring: list[Connection] = []
        failures: list[StoreError] = []

        def note(connection: Connection) -> None:
            if connection.expires_at * 1_000 - moment.now <= EXPIRY_WARNING * 1_000:
                expiring.append(connection)

        with _postponed(failures):
            async with aclosing(self._connections.sweep(staying=note, now=moment.now)) as batches:
                async for ended in batches:
                    with _postponed(failures):
                        await self._close_swept(ended, moment)
                        swept += len(ended)
                    if moment.time_left() <= 0:
                        break
        await self._warn(expiring, moment)
        count("Swept", swept)
        if failures:
            raise failures[0]
        return swept

    async def _close_swept(self, ended: Collection[EndedConnection], moment: Moment) -> None:
        await self.close([each for each in ended if each.expired], "expired", moment)
        await self.close([each for each in ended if not each.expired], "ended", moment)

    async def _warn(self, expiring: Collection[Connection], moment: Moment) -> None:
        frame = encode(Expiring(within=EXPIRY_WARNING))
        for tenant in {each.partition for each in expiring}:
            theirs = stream([each for each in expiring if each.partition == tenant])
            await self._delivery_of(tenant).deliver(frame, theirs, moment=moment)

    async def _finish(
        self, ended: Collection[EndedConnection], reason: str, moment: Moment, on_end: OnEnd
    ) -> None:
        await self._announcements.announce_ends(ended, moment)
        for each in ended:
            if each.connection is not None:
                await on_end(each, reason, moment)
        await self._connections.forget(*ended)


@contextmanager
def _postponed(failures: list[StoreError]) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        failures.append(error)
