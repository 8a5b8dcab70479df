"""How connections begin: counted and admitted against everything that happens at once."""

from typing import Any, NamedTuple

from . import schema
from .arguments import whole_number
from .client_data import client_data_row
from .endings import Silence, end_unheard
from .errors import ConditionFailedError, ConnectionLimitError, RevokedError, TransactionConflictError
from .models import Connection, UserConnection
from .requests import Delete, Put, Query, Write
from .schema import Key
from .table import Table
from .user_locks import COMING, UserLock, UserLocks

ATTEMPTS = 60
"""How often a connect is begun anew. Each time another connection of the user was admitted, and the limit
bounds those."""

MOST = 40
"""The highest limit. A transaction has at most 100 items, and a lowered limit replaces many connections at
once."""


class _Candidate(NamedTuple):
    rank: int
    key: Key
    entry: UserConnection
    connection: Connection | None


class Admission:
    """The order in which connections begin.

    This is optimistic locking on one row of each user. First the user's lock is read, then their connections.
    Then one transaction writes the rows and the next lock. It is refused if the lock has changed: another
    connect or a logout came in between, and the admission starts again. The lock is read first because a
    query may show half of a transaction, and a get does not. It outlives every connection. Without a lock the
    user has no connections to count.
    """

    def __init__(self, table: Table, prefix: str, ttl: int, limit: int | None, silence: Silence) -> None:
        if limit is not None and whole_number("connection_limit", limit) not in range(1, MOST + 1):
            raise ValueError(f"a user may have 1 to {MOST} connections")
        self._table = table
        self._prefix = prefix
        self._ttl = ttl
        self._limit = limit
        self._silence = silence
        self._locks = UserLocks(table, prefix)

    async def admit(
        self, connection: Connection, client_data: Any, *, issued_at: int, replaces: int | None, now: int
    ) -> Connection:
        """Write a connection's rows and return it. One that is registered already is returned unchanged.

        Raises RevokedError, ConnectionLimitError, TransactionConflictError, ItemTooLargeError.
        """
        rows = self._rows(connection, client_data, now)
        revoked: int | None = None
        for attempt in range(ATTEMPTS):
            lock = await self._lock(connection, now)
            since = lock.revoked_before if lock else 0
            # A logout that comes while this runs is later than it, even if clocks differ.
            if issued_at <= since or revoked not in (None, since):
                raise RevokedError("the user was logged out since")
            revoked = since
            try:
                await self._table.write(
                    *rows, *await self._admission(connection, lock, replaces, now), now=now
                )
            except ConditionFailedError as refused:
                if 0 in refused.records:  # the same $connect, delivered again
                    return Connection.from_record(refused.records[0])
            except TransactionConflictError:
                pass
            else:
                return connection
            await self._table.pause(attempt)
        raise TransactionConflictError("connect: the user's connections changed every time")

    async def _lock(self, connection: Connection, now: int) -> UserLock | None:
        return await self._locks.get(connection.user_id, now) if connection.user_id is not None else None

    async def _admission(
        self, connection: Connection, lock: UserLock | None, replaces: int | None, now: int
    ) -> list[Write]:
        if connection.user_id is None:
            return []
        until = (connection.connected_at + self._ttl) // 1000
        succession = self._locks.succession(connection.user_id, lock, until, now)
        if self._limit is None or lock is None:
            return [succession]
        if COMING.wait(lock.busy_until, now):
            raise ConnectionLimitError("the user connects too often")
        giving_way = await self._make_room(connection, connection.user_id, self._limit, replaces, now)
        return [succession, *giving_way]

    async def _make_room(
        self, connection: Connection, user_id: str, limit: int, replaces: int | None, now: int
    ) -> list[Write]:
        query = Query(schema.user_partition(self._prefix, user_id), now, consistent=True)
        entries = [
            UserConnection.from_record(user_id, row)
            async for row in self._table.query(query)
            if row[schema.SORT_KEY] not in (schema.ONLY, connection.connection_id)
        ]
        excess = len(entries) + 1 - limit
        if excess <= 0:
            return []
        candidates = await self._candidates(entries, replaces, now)
        if len(candidates) < excess:
            raise ConnectionLimitError(f"a user has at most {limit} connections")
        return [write for each in candidates[:excess] for write in self._give_way(each, now)]

    async def _candidates(
        self, entries: list[UserConnection], replaces: int | None, now: int
    ) -> list[_Candidate]:
        """Return connections that may be ended: those that left, the one to be replaced, then silent ones."""
        keys = {schema.connection_key(self._prefix, each.connection_id): each for each in entries}
        rows = await self._table.get_all(list(keys), now=now, consistent=True)
        candidates: list[_Candidate] = []
        for key, entry in keys.items():
            if key not in rows:
                candidates.append(_Candidate(-1, key, entry, None))
                continue
            connection = Connection.from_record(rows[key])
            if entry.connected_at == replaces:
                candidates.append(_Candidate(0, key, entry, connection))
            elif self._silence.ended(connection, now):
                candidates.append(_Candidate(connection.last_seen, key, entry, connection))
        return sorted(candidates, key=lambda each: each.rank)

    def _give_way(self, candidate: _Candidate, now: int) -> list[Write]:
        # The connection's other rows are the sweep's, which tells its channels and closes it.
        entry, connection = candidate.entry, candidate.connection
        leave = Delete(schema.user_connection_key(self._prefix, entry.user_id, entry.connection_id))
        return [leave] if connection is None else [leave, end_unheard(connection, now)]

    def _rows(self, connection: Connection, client_data: Any, now: int) -> list[Write]:
        prefix, id_, expires_at = self._prefix, connection.connection_id, connection.expires_at
        rows: list[Write] = [Put(connection.to_record(), schema.VACANT, {":seconds": now // 1000})]
        if connection.user_id is not None:
            entry = UserConnection(id_, connection.user_id, connection.connected_at, expires_at)
            rows.append(Put(entry.to_record(prefix)))
        if client_data is not None:
            rows.append(client_data_row(prefix, connection, client_data))
        return rows
