"""Who is connected: registered, looked up, kept alive, listed, forgotten."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from . import schema
from .errors import ConditionFailedError, ConnectionGoneError
from .models import Connection, Page, UserConnection
from .requests import Put, Query, Update
from .schema import Key
from .table import Table

CONNECTION_TTL = 7_500
"""Seconds a connection's rows live: the two hours API Gateway allows, and five minutes."""

LAST_SEEN_EVERY = 30
LARGEST_PAGE = 1_000
AT_ONCE = 25
"""Connections forgotten together."""


class ConnectionManager:
    """The connections in one table, or in the part of it whose keys begin with `partition`.

    `connection_ttl` and `last_seen_every` are seconds. Instants (`now`, `connected_at`, `session_ends`) are
    epoch milliseconds; give an event's own time as `now`, because clocks of sandboxes differ (F32), and leave
    it out where there is no event. Every coroutine raises StoreError or one of its kinds. Nothing connects
    before the first call.
    """

    def __init__(
        self,
        table_name: str | None = None,
        partition: str = "",
        connection_ttl: int = CONNECTION_TTL,
        last_seen_every: int = LAST_SEEN_EVERY,
        *,
        table: Table | None = None,
    ) -> None:
        self._table = table or Table(table_name or schema.DEFAULT_TABLE_NAME)
        self._prefix = schema.check_prefix(partition)
        self._ttl = connection_ttl * 1000
        self._last_seen_every = last_seen_every * 1000

    def warm(self) -> None:
        """Import boto3 and build its client now, while a sandbox starts, rather than in the first event."""
        self._table.warm()

    def close(self) -> None:
        """Wait for calls under way and close the sockets. A Lambda never needs it."""
        self._table.close()

    async def init_table(self) -> None:
        """Make the table unless it is there, and wait until it can be used; any number may do so at once."""
        await self._table.create()

    async def connect(
        self,
        connection_id: str,
        client_data: Any = None,
        *,
        user_id: str | None = None,
        name: str | None = None,
        connected_at: int | None = None,
        session_ends: int | None = None,
        now: int | None = None,
    ) -> Connection:
        """Register a connection and return it; one that is registered already is returned as it stands.

        `client_data` is any JSON value, read back on demand. `session_ends` is when the caller's credentials
        do: the rows expire then, if that is before the end of `connection_ttl`. Raises ItemTooLargeError, and
        TypeError or ValueError for client data that is not JSON.
        """
        now = _instant(now)
        connected_at = now if connected_at is None else connected_at
        ends = connected_at + self._ttl
        expires_at = (ends if session_ends is None else min(ends, session_ends)) // 1000
        connection = Connection(connection_id, user_id, name, connected_at, connected_at, expires_at)
        try:
            await self._table.write(*self._rows(connection, client_data, now), now=now)
        except ConditionFailedError as refused:
            # The same $connect, delivered again: the first one's rows stand, and what became of them since.
            return Connection.from_record(refused.records[0])
        return connection

    async def disconnect(self, connection_id: str, *, now: int | None = None) -> Connection | None:
        """Forget a connection; return it, or None if there was none that had not expired. Safe to repeat."""
        forgotten = await self._forget([connection_id], None, _instant(now))
        return forgotten[0] if forgotten else None

    async def prune(
        self, connection_ids: Iterable[str], *, user_id: str | None = None, now: int | None = None
    ) -> None:
        """Forget connections that turned out to be gone.

        `user_id` is whose they were, where the caller knows: then rows in that user's index go even if the
        connections' own rows are gone already.
        """
        waiting = iter(dict.fromkeys(connection_ids))
        now = _instant(now)
        while some := list(itertools.islice(waiting, AT_ONCE)):
            await self._forget(some, user_id, now)

    async def get_connection(
        self, connection_id: str, *, with_client_data: bool = False, now: int | None = None
    ) -> Connection | None:
        """Return a connection, or None if there is none or it has expired."""
        now = _instant(now)
        key = schema.connection_key(self._prefix, connection_id)
        # A message may follow $connect faster than its row spreads; only what is not found is read twice.
        record = await self._table.get(key, now=now) or await self._table.get(key, now=now, consistent=True)
        if record is None:
            return None
        client_data = await self._client_data(connection_id, now) if with_client_data else None
        return Connection.from_record(record, client_data)

    def needs_touch(self, connection: Connection, now: int) -> bool:
        """Tell whether update_last_seen would write: for callers that hold the row and can save the call."""
        return now - connection.last_seen >= self._last_seen_every

    async def update_last_seen(self, connection_id: str, *, now: int | None = None) -> bool:
        """Record that a connection was heard from; False if that was done less than `last_seen_every` ago.

        It never goes backwards and never brings a connection back (F04). Raises ConnectionGoneError.
        """
        now = _instant(now)
        touch = Update(
            schema.connection_key(self._prefix, connection_id),
            "SET last_seen = :now",
            f"{schema.ALIVE} AND last_seen <= :due",
            {":now": now, ":due": now - self._last_seen_every, ":seconds": now // 1000},
        )
        try:
            await self._table.write(touch, now=now)
        except ConditionFailedError as refused:
            if not refused.records:
                raise ConnectionGoneError("the connection has no row") from None
            return False
        return True

    async def stream(
        self, cursor: str | None = None, *, page_size: int | None = None, now: int | None = None
    ) -> AsyncGenerator[Connection, None]:
        """Yield every connection after `cursor`, in the order of cursors.

        `page_size` bounds the rows read from a shard at once, which otherwise are as many as DynamoDB gives.
        A consumer that may stop early closes the stream (`contextlib.aclosing`). Raises InvalidCursorError.
        """
        first, after = schema.parse_cursor(cursor) if cursor is not None else (0, "")
        whole = Query("", _instant(now), page_size=page_size)
        shards = [
            replace(whole, partition=schema.connections_partition(self._prefix, shard))
            for shard in range(first, schema.SHARDS)
        ]
        shards[0] = replace(shards[0], after=after)
        async with aclosing(self._table.query(*shards)) as rows:
            async for row in rows:
                yield Connection.from_record(row)

    async def page(self, limit: int, cursor: str | None = None, *, now: int | None = None) -> Page:
        """Return up to `limit` connections after `cursor`.

        Raises InvalidCursorError, and ValueError for a limit outside 1 to 1,000.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise ValueError(f"a page has 1 to {LARGEST_PAGE} connections")
        found: list[Connection] = []
        async with aclosing(self.stream(cursor, page_size=limit + 1, now=now)) as connections:
            async for connection in connections:
                if len(found) == limit:
                    return Page(tuple(found), found[-1].cursor)
                found.append(connection)
        return Page(tuple(found), None)

    async def connections_of(self, user_id: str, *, now: int | None = None) -> list[UserConnection]:
        """Return a user's connections in the order of their ids, one made a moment ago included."""
        partition = schema.user_partition(self._prefix, user_id)
        rows = self._table.query(Query(partition, _instant(now), consistent=True))
        return [
            UserConnection.from_record(user_id, row)
            async for row in rows
            if row[schema.SORT_KEY] != schema.ONLY
        ]

    def _rows(self, connection: Connection, client_data: Any, now: int) -> list[Put]:
        prefix, id_, expires_at = self._prefix, connection.connection_id, connection.expires_at
        rows = [Put(connection.to_record(prefix), schema.VACANT, {":seconds": now // 1000})]
        if connection.user_id is not None:
            entry = UserConnection(id_, connection.user_id, connection.connected_at, expires_at)
            rows.append(Put(entry.to_record(prefix)))
        if client_data is not None:
            key, text = schema.client_data_key(prefix, id_), json.dumps(client_data, allow_nan=False)
            rows.append(Put({**key._asdict(), "data": text, schema.TTL_ATTRIBUTE: expires_at}))
        return rows

    async def _client_data(self, connection_id: str, now: int) -> Any:
        row = await self._table.get(
            schema.client_data_key(self._prefix, connection_id), now=now, consistent=True
        )
        return None if row is None else json.loads(row["data"])

    async def _forget(self, connection_ids: list[str], user_id: str | None, now: int) -> list[Connection]:
        # The connection's own row goes first: from then on nobody can hang anything new on it. If this
        # process dies before the second call, what remains is an entry in the user's index and the client
        # data. Both carry the connection's expiry, which every read judges; the entry goes with the next
        # direct message that finds the connection gone (`prune` with `user_id`), the rest with TTL. The same
        # holds when the first answer is lost: the repetition finds no row and cannot tell whose it was.
        keys = [schema.connection_key(self._prefix, id_) for id_ in connection_ids]
        deletions = (self._table.delete(key, now=now) for key in keys)
        outcomes = await asyncio.gather(*deletions, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        rows = {
            id_: row
            for id_, row in zip(connection_ids, outcomes, strict=True)
            if not isinstance(row, BaseException)
        }
        forgotten = [Connection.from_record(row) for row in rows.values() if row]
        owners = dict.fromkeys(rows, user_id) | {each.connection_id: each.user_id for each in forgotten}
        await self._table.delete_all(
            key for id_, owner in owners.items() for key in self._dependent(id_, owner)
        )
        if failures:
            raise failures[0]
        return forgotten

    def _dependent(self, connection_id: str, user_id: str | None) -> list[Key]:
        data = schema.client_data_key(self._prefix, connection_id)
        if user_id is None:
            return [data]
        return [schema.user_connection_key(self._prefix, user_id, connection_id), data]


def _instant(now: int | None) -> int:
    return time.time_ns() // 1_000_000 if now is None else now
