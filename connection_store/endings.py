"""How connections end: safely against everything that happens at once, and in a way the sweep can finish."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from . import schema
from .errors import ConditionFailedError
from .models import Connection, Subscription
from .requests import Query, Update
from .schema import Key
from .table import Table

AT_ONCE, CHANNELS_AT_ONCE = 25, 100
"""Connections that end together: fewer when they are on so many channels, which are told together."""

BACKDATED = 3_600
"""Seconds for which an ended connection's row has expired: no late event's time takes it for alive (F32)."""


@dataclass(frozen=True, slots=True)
class EndedConnection:
    """A connection that has ended, and its subscriptions. Its rows are still to be deleted.

    `connection` is None if it had no row any more; `partition` is the part of the table it was in. `expired`
    tells that its time was up, and not that it was silent, or ended before.
    """

    partition: str
    connection_id: str
    user_id: str | None
    connection: Connection | None
    subscriptions: tuple[Subscription, ...]
    expired: bool = False

    @property
    def is_news(self) -> bool:
        """Whether there may be channels that were not told yet."""
        return self.connection is not None and bool(self.subscriptions)

    def shown(self) -> list[Key]:
        """Return the keys of the rows that show the connection to others: its user's, and its channels'."""
        channels = [each.keys(self.partition)[1] for each in self.subscriptions]
        if self.user_id is None:
            return channels
        return [schema.user_connection_key(self.partition, self.user_id, self.connection_id), *channels]

    def steps(self) -> tuple[list[Key], list[Key], list[Key]]:
        """Return the keys of all rows, in the three steps that they are deleted in."""
        hanging = [schema.client_data_key(self.partition, self.connection_id), *self.shown()]
        # A subscription is how the row on its channel is found, and the connection's own row finds them all.
        found_by = [each.keys(self.partition)[0] for each in self.subscriptions]
        return hanging, found_by, [schema.connection_key(self.partition, self.connection_id)]


@dataclass(frozen=True, slots=True)
class Silence:
    """Milliseconds without a sign of life after which a connection has ended, by whether it is `watched`."""

    unwatched: int
    watched: int

    def ended(self, connection: Connection, now: int) -> bool:
        """Tell whether a connection has been silent for too long."""
        return now - connection.last_seen >= (self.watched if connection.watched else self.unwatched)


class ConnectionEndings:
    """The order in which connections end.

    First the connection's own row is made to expire. From then on no read shows it, and no new row can refer
    to it. Then its subscriptions are read, its channels are told, and the rows are deleted, the connection's
    own last. A process that stops in between leaves an expired row. The sweep looks for such rows and repeats
    the steps, which is safe because they are idempotent. A prune does not tell the channels, so it leaves
    such a row on purpose.
    """

    def __init__(self, table: Table, prefix: str) -> None:
        self._table = table
        self._prefix = prefix

    async def end_connection(self, key: Key, user_id: str | None, now: int) -> EndedConnection:
        """End the connection whose row is at `key`, whether or not it has ended before."""
        ending = _ending(key, now, f"{schema.PRESENT} AND {schema.TTL_ATTRIBUTE} > :ended", {})
        row = await self._table.update(ending, now=schema.EVEN_EXPIRED)
        connection = None if row is None else Connection.from_record(row)
        if connection is not None:
            user_id = connection.user_id
        owner = schema.owner_of(key.sk)
        subscribed = connection is None or connection.channels
        return EndedConnection(
            *owner, user_id, connection, await self._subscriptions(*owner) if subscribed else ()
        )

    async def end_all(
        self, keys: Iterable[Key], user_id: str | None, now: int
    ) -> tuple[list[EndedConnection], BaseException | None]:
        """End connections independently of each other. Return those that ended, and the first failure."""
        return await _settle(self.end_connection(key, user_id, now) for key in keys)

    async def forget(self, ended: Collection[EndedConnection], besides: Iterable[Key] = ()) -> None:
        """Delete all rows of connections that have ended, and those at `besides`."""
        steps = zip(*(each.steps() for each in ended), strict=True)
        keys = (key for step in steps for some in step for key in some)
        await self._table.delete_all([*besides, *keys])

    async def prune(
        self, connection_ids: Iterable[str], user_id: str | None, now: int, *, keep_rows: bool = False
    ) -> None:
        """End connections that are gone, and delete the rows that show them to others.

        Connections with subscriptions keep some rows, from which `$disconnect` or the next sweep learns the
        channels to tell. A failure for one does not affect the others, and is raised.
        """
        waiting = iter(connection_ids)
        while some := list(itertools.islice(waiting, AT_ONCE)):
            keys = [schema.connection_key(self._prefix, id_) for id_ in some]
            ended, failure = await self.end_all(keys, user_id, now)
            kept = [each for each in ended if each.is_news or (keep_rows and each.connection)]
            shown = [key for each in kept for key in each.shown()]
            await self.forget([each for each in ended if each not in kept], besides=shown)
            if failure is not None:
                raise failure

    async def sweep(
        self,
        connections: AsyncGenerator[Connection, None],
        silence: Silence,
        staying: Callable[[Connection], None],
        now: int,
    ) -> AsyncGenerator[tuple[EndedConnection, ...], None]:
        """End the `connections` that have expired or fallen silent, and yield them in batches.

        A batch may be empty. The others are shown to `staying`. A failure for one does not affect the others,
        and is raised at the end.
        """
        failure: BaseException | None = None
        async with aclosing(_batches(connections, silence, staying, now)) as batches:
            async for due in batches:
                ended, failed = await _settle(self._end_one(each, now) for each in due)
                failure = failure or failed
                yield tuple(ended)
        if failure is not None:
            raise failure

    async def _end_one(self, connection: Connection, now: int) -> EndedConnection | None:
        key = schema.connection_key(connection.partition, connection.connection_id)
        if not _has_expired(connection, now):
            try:
                await self._table.write(end_unheard(connection, now), now=now)
            except ConditionFailedError:
                return None  # it gave a sign of life after all, or another process ended it
        # The listing may be a moment old, and this read is not.
        ended = await self.end_connection(key, connection.user_id, now)
        return replace(ended, expired=_ran_out(connection, now)) if ended.connection else None

    async def _subscriptions(self, prefix: str, connection_id: str) -> tuple[Subscription, ...]:
        partition = schema.subscriptions_partition(prefix, connection_id)
        rows = self._table.query(Query(partition, schema.EVEN_EXPIRED, consistent=True))
        return tuple([Subscription.from_record(connection_id, row) async for row in rows])


async def _settle(
    endings: Iterable[Awaitable[EndedConnection | None]],
) -> tuple[list[EndedConnection], BaseException | None]:
    outcomes = await asyncio.gather(*endings, return_exceptions=True)
    failures = (each for each in outcomes if isinstance(each, BaseException))
    return [each for each in outcomes if isinstance(each, EndedConnection)], next(failures, None)


async def _batches(
    connections: AsyncGenerator[Connection, None],
    silence: Silence,
    staying: Callable[[Connection], None],
    now: int,
) -> AsyncGenerator[list[Connection], None]:
    due: list[Connection] = []
    async with aclosing(connections):
        async for connection in connections:
            if _has_expired(connection, now) or silence.ended(connection, now):
                due.append(connection)
            else:
                staying(connection)
            if len(due) == AT_ONCE or sum(each.channels for each in due) >= CHANNELS_AT_ONCE:
                yield due
                due = []
    if due:
        yield due


def end_unheard(connection: Connection, now: int) -> Update:
    """Return the write that ends a connection, refused if it was heard of since `connection` was read."""
    key = schema.connection_key(connection.partition, connection.connection_id)
    values = {":seen": connection.last_seen, ":seconds": now // 1000}
    return _ending(key, now, f"{schema.ALIVE} AND last_seen = :seen", values)


def _has_expired(connection: Connection, now: int) -> bool:
    return connection.expires_at * 1000 <= now


def _ran_out(connection: Connection, now: int) -> bool:
    # A row that was ended is dated back further than the time between two sweeps.
    return _has_expired(connection, now) and connection.expires_at > now // 1000 - BACKDATED


def _ending(key: Key, now: int, condition: str, values: Mapping[str, int]) -> Update:
    ended = {":ended": now // 1000 - BACKDATED}
    return Update(key, f"SET {schema.TTL_ATTRIBUTE} = :ended", condition, {**ended, **values})
