"""How connections end: safely against everything that happens at once, and in a way the sweep can finish."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from . import schema
from .errors import ConditionFailedError
from .models import Connection, Subscription
from .requests import Query, Update
from .schema import Key
from .table import Table

AT_ONCE = 25
"""Connections that depart together."""

BACKDATED = 3_600
"""Seconds for which an ended connection's row has expired: no late event's time takes it for alive (F32)."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A connection that has ended, and what it was subscribed to; its rows are still to be forgotten.

    `connection` is None if it had no row any more.
    """

    connection_id: str
    user_id: str | None
    connection: Connection | None
    subscriptions: tuple[Subscription, ...]

    def hanging(self, prefix: str) -> list[Key]:
        """Return the keys of all rows that hang on the connection's own, in the order they are deleted."""
        keys = [schema.client_data_key(prefix, self.connection_id)]
        if self.user_id is not None:
            keys.append(schema.user_connection_key(prefix, self.user_id, self.connection_id))
        # A subscription is how the channel's row is found: it goes after it.
        return keys + [key for each in self.subscriptions for key in reversed(each.keys(prefix))]


@dataclass(frozen=True, slots=True)
class Silence:
    """Milliseconds without a sign of life after which a connection has ended, by whether it is `watched`."""

    unwatched: int
    watched: int

    def ended(self, connection: Connection, now: int) -> bool:
        """Tell whether a connection has been silent for too long."""
        return now - connection.last_seen >= (self.watched if connection.watched else self.unwatched)


class Departures:
    """The order in which connections end.

    First the connection's own row expires, at once: from then on no read shows it, and nobody can hang
    anything new on it. Then its subscriptions are read, whoever wants to know is told, and the rows are
    deleted, the connection's own last. Whoever dies in between leaves a row that has expired, which is what
    the sweep looks for; it does the rest again, which changes nothing that was done.
    """

    def __init__(self, table: Table, prefix: str) -> None:
        self._table = table
        self._prefix = prefix

    async def depart(self, key: Key, user_id: str | None, now: int) -> Departure:
        """End the connection whose row is at `key`, whether or not it has ended before."""
        ending = _ending(key, now, f"{schema.PRESENT} AND {schema.TTL_ATTRIBUTE} > :ended", {})
        row = await self._table.update(ending, now=schema.EVEN_EXPIRED)
        connection = None if row is None else Connection.from_record(row)
        if connection is not None:
            user_id = connection.user_id
        subscribed = connection is None or connection.channels
        return Departure(key.sk, user_id, connection, await self._subscriptions(key.sk) if subscribed else ())

    async def forget(self, departures: Collection[Departure]) -> None:
        """Delete all rows of connections that have ended."""
        hanging = [key for each in departures for key in each.hanging(self._prefix)]
        own = [schema.connection_key(self._prefix, each.connection_id) for each in departures]
        await self._table.delete_all([*hanging, *own])

    async def prune(self, connection_ids: Iterable[str], user_id: str | None, now: int) -> None:
        """End and forget connections; what fails for one changes nothing for another, and is raised."""
        waiting = iter(connection_ids)
        while some := list(itertools.islice(waiting, AT_ONCE)):
            keys = [schema.connection_key(self._prefix, id_) for id_ in some]
            departures = (self.depart(key, user_id, now) for key in keys)
            outcomes = await asyncio.gather(*departures, return_exceptions=True)
            await self.forget([each for each in outcomes if isinstance(each, Departure)])
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def sweep(
        self, connections: AsyncGenerator[Connection, None], silence: Silence, now: int
    ) -> AsyncGenerator[tuple[Departure, ...], None]:
        """End those of `connections` that have expired or fallen silent; yield some at a time."""
        due: list[Connection] = []
        async with aclosing(connections):
            async for connection in connections:
                if _has_expired(connection, now) or silence.ended(connection, now):
                    due.append(connection)
                if len(due) == AT_ONCE:
                    if departures := await self._end(due, now):
                        yield departures
                    due.clear()
        if departures := await self._end(due, now):
            yield departures

    async def _end(self, due: list[Connection], now: int) -> tuple[Departure, ...]:
        ended = await asyncio.gather(*(self._end_one(connection, now) for connection in due))
        return tuple(departure for departure in ended if departure is not None)

    async def _end_one(self, connection: Connection, now: int) -> Departure | None:
        key = schema.connection_key(self._prefix, connection.connection_id)
        if not _has_expired(connection, now):
            values = {":seen": connection.last_seen, ":seconds": now // 1000}
            try:
                silent = _ending(key, now, f"{schema.ALIVE} AND last_seen = :seen", values)
                await self._table.write(silent, now=now)
            except ConditionFailedError:
                return None  # it was heard of after all, or somebody else has ended it
        # The listing may be a moment old; what this returns is not.
        departure = await self.depart(key, connection.user_id, now)
        return departure if departure.connection else None

    async def _subscriptions(self, connection_id: str) -> tuple[Subscription, ...]:
        partition = schema.subscriptions_partition(self._prefix, connection_id)
        rows = self._table.query(Query(partition, schema.EVEN_EXPIRED, consistent=True))
        return tuple([Subscription.from_record(connection_id, row) async for row in rows])


def _has_expired(connection: Connection, now: int) -> bool:
    return connection.expires_at * 1000 <= now


def _ending(key: Key, now: int, condition: str, values: Mapping[str, int]) -> Update:
    ended = {":ended": now // 1000 - BACKDATED}
    return Update(key, f"SET {schema.TTL_ATTRIBUTE} = :ended", condition, {**ended, **values})
