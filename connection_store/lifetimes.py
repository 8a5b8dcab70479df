"""How long connections may stay: longer with new credentials, and no longer after a logout."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from . import schema
from .connections import CONNECTION_TTL
from .endings import ConnectionEndings, EndedConnection
from .errors import ConnectionGoneError
from .models import Connection, Subscription
from .requests import Query, Update
from .schema import Key
from .table import Table
from .timing import instant
from .user_locks import UserLocks


class Lifetimes:
    """The lifetimes of connections in one table, or in the part of it whose keys begin with `partition`.

    `connection_ttl`, `now` and errors as in ConnectionManager.
    """

    def __init__(self, table: Table, partition: str = "", connection_ttl: int = CONNECTION_TTL) -> None:
        self._table = table
        self._prefix = schema.check_prefix(partition)
        self._ttl = connection_ttl * 1000
        self._locks = UserLocks(table, self._prefix)
        self._endings = ConnectionEndings(table, self._prefix)

    async def extend(
        self, connection: Connection, session_ends: int | None, *, now: int | None = None
    ) -> Connection:
        """Let a connection stay until `session_ends`, within the limit of `connection_ttl`, and return it.

        It never shortens a lifetime, and never revives an expired connection. The rows that belong to the
        connection are extended before its own. If the process stops in between, the sweep still ends the
        connection in time. A subscribe that began earlier is refused because the connection's row has
        changed, and starts again. One that was faster is found by the second look. Raises
        ConnectionGoneError.
        """
        now, ends = instant(now), connection.connected_at + self._ttl
        until = (ends if session_ends is None else min(ends, session_ends)) // 1000
        id_ = connection.connection_id
        hanging = [[schema.client_data_key(self._prefix, id_)]]
        if connection.user_id is not None:
            hanging.append([schema.user_connection_key(self._prefix, connection.user_id, id_)])
        await self._extend([*hanging, *await self._subscribed(id_, until, now)], until, now)
        key = schema.connection_key(self._prefix, id_)
        row = await self._table.update(_extension(key, until, now), now=now)
        if row is None:
            raise ConnectionGoneError("the connection has no row")
        await self._extend(await self._subscribed(id_, until, now), until, now)
        found = Connection.from_record(row)
        return replace(found, expires_at=max(found.expires_at, until))

    async def close_user(
        self, user_id: str, *, now: int | None = None
    ) -> tuple[list[EndedConnection], BaseException | None]:
        """End every connection of a user, and refuse credentials that were issued until now.

        The refusal comes first, so a connect at the same moment is refused or ended. Returns the ended
        connections, and the first failure if there was one. Forget the ended ones as after `end_connection`,
        then raise the failure and have the call repeated, because no sweep ends the rest. You may repeat it.
        """
        now = instant(now)
        await self._locks.revoke(user_id, now)
        query = Query(schema.user_partition(self._prefix, user_id), now, consistent=True)
        ids = [row[schema.SORT_KEY] async for row in self._table.query(query)]
        keys = [schema.connection_key(self._prefix, id_) for id_ in ids if id_ != schema.ONLY]
        return await self._endings.end_all(keys, user_id, now)

    async def revoked_before(self, user_id: str, *, now: int | None = None) -> int:
        """Return when a user was logged out last, in epoch milliseconds, 0 without a logout.

        Credentials issued until then are not accepted.
        """
        lock = await self._locks.get(user_id, instant(now))
        return 0 if lock is None else lock.revoked_before

    async def _extend(self, rows: Iterable[Iterable[Key]], until: int, now: int) -> None:
        await asyncio.gather(*(self._extend_in_turn(keys, until, now) for keys in rows))

    async def _extend_in_turn(self, keys: Iterable[Key], until: int, now: int) -> None:
        for key in keys:
            await self._table.update(_extension(key, until, now), now=now)

    async def _subscribed(self, connection_id: str, until: int, now: int) -> list[Iterable[Key]]:
        partition = schema.subscriptions_partition(self._prefix, connection_id)
        rows = self._table.query(Query(partition, now, consistent=True))
        found = [Subscription.from_record(connection_id, row) async for row in rows]
        # A subscription that has its time says that the channel's row has: it comes after it.
        return [reversed(each.keys(self._prefix)) for each in found if each.expires_at < until]


def _extension(key: Key, until: int, now: int) -> Update:
    return Update(
        key,
        f"SET {schema.TTL_ATTRIBUTE} = :until",
        f"{schema.ALIVE} AND {schema.TTL_ATTRIBUTE} < :until",
        {":until": until, ":seconds": now // 1000},
    )
