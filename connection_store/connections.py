"""Who is connected: registered, looked up, kept alive, listed, forgotten."""

import json
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any

from . import schema
from .admission import Admission, client_data_row
from .channel_heads import ChannelHeads
from .clock import instant
from .endings import ConnectionEndings, EndedConnection, Silence
from .errors import ConditionFailedError, ConnectionGoneError
from .models import Channel, Connection, Page, UserConnection, write_roles
from .requests import Query, Update
from .subscriptions import Subscriptions
from .table import Table

CONNECTION_TTL = 7_500
"""Seconds a connection's rows live: the two hours API Gateway allows, and five minutes."""

LAST_SEEN_EVERY = 30
LARGEST_PAGE = 1_000

SILENCE, WATCHED_SILENCE = 1_200, 150
"""Seconds without a sign of life after which a connection has ended: 2.5 beats of 8 minutes, and of one."""


class ConnectionManager:
    """The connections in one table, or in the part of it whose keys begin with `partition`.

    `connection_ttl` and `last_seen_every` are seconds. A user has at most `connection_limit` connections, 1
    to 40; None: any number. Instants (`now`, `connected_at`, `session_ends`) are epoch milliseconds; give an
    event's own time as `now`, because clocks of sandboxes differ (F32), and leave it out where there is no
    event. Every coroutine raises StoreError or one of its kinds. Nothing connects before the first call.
    """

    def __init__(
        self,
        table_name: str | None = None,
        partition: str = "",
        connection_ttl: int = CONNECTION_TTL,
        last_seen_every: int = LAST_SEEN_EVERY,
        *,
        connection_limit: int | None = None,
        table: Table | None = None,
    ) -> None:
        self._table = table or Table(table_name or schema.DEFAULT_TABLE_NAME)
        self._prefix = schema.check_prefix(partition)
        self._ttl = connection_ttl * 1000
        self._last_seen_every = last_seen_every * 1000
        self._heads = ChannelHeads(self._table, self._prefix)
        self._departures = ConnectionEndings(self._table, self._prefix)
        silence = Silence(SILENCE * 1000, WATCHED_SILENCE * 1000)
        self._arrivals = Admission(self._table, self._prefix, self._ttl, connection_limit, silence)
        self._subscriptions = Subscriptions(self._table, partition)

    def warm(self) -> None:
        """Import boto3 and build its client now, while a sandbox starts, rather than in the first event."""
        self._table.warm()

    async def close(self) -> None:
        """Wait for calls under way and close the sockets. A Lambda never needs it."""
        await self._table.close()

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
        issued_at: int | None = None,
        replaces: int | None = None,
        now: int | None = None,
    ) -> Connection:
        """Register a connection and return it; one that is registered already is returned as it stands.

        `client_data` is any JSON value, read back on demand. `session_ends` is when the caller's credentials
        do: the rows expire then, if that is before the end of `connection_ttl`. `issued_at` is when they were
        made, by default just now. Where the user has too many connections, the one that was made at the
        instant `replaces` gives way, else the one that has been silent longest. Raises RevokedError,
        ConnectionLimitError, TransactionConflictError, ItemTooLargeError, and TypeError or ValueError for
        client data that is not JSON.
        """
        now = instant(now)
        connected_at = now if connected_at is None else connected_at
        ends = connected_at + self._ttl
        expires_at = (ends if session_ends is None else min(ends, session_ends)) // 1000
        connection = Connection(
            connection_id, user_id, name, connected_at, connected_at, expires_at, partition=self._prefix
        )
        return await self._arrivals.admit(
            connection,
            client_data,
            issued_at=connected_at if issued_at is None else issued_at,
            replaces=replaces,
            now=now,
        )

    async def disconnect(self, connection_id: str, *, now: int | None = None) -> Connection | None:
        """End a connection and forget it; return it, or None if there was none that had not expired.

        Safe to repeat. Where somebody is to be told who left, `end_connection`, tell, then `forget`.
        """
        now = instant(now)
        departure = await self.end_connection(connection_id, now=now)
        await self.forget(departure)
        left = departure.connection
        return left if left is not None and left.expires_at * 1000 > now else None

    async def end_connection(self, connection_id: str, *, now: int | None = None) -> EndedConnection:
        """End a connection: from now on no read shows it; return what it was subscribed to.

        Its rows stay until `forget`. Whoever dies before that has it done, and the departure returned once
        more, by the next sweep. Safe to repeat.
        """
        key = schema.connection_key(self._prefix, connection_id)
        return await self._departures.end_connection(key, None, instant(now))

    async def forget(self, *departures: EndedConnection) -> None:
        """Delete the rows of connections that have ended. Safe to repeat."""
        await self._departures.forget(departures)

    def sweep(
        self,
        *,
        silence: float = SILENCE,
        watched_silence: float = WATCHED_SILENCE,
        staying: Callable[[Connection], None] = lambda _: None,
        now: int | None = None,
    ) -> AsyncGenerator[tuple[EndedConnection, ...], None]:
        """End every connection of the table that expired, or was not heard of; yield some at a time.

        Those of every partition are meant: this is the one thing that is done for all of them at once.
        `silence` is in seconds, the other that of connections with a watched channel. Each departure comes at
        least once, until it is forgotten; any number may sweep at once. `staying` is shown all others. Raises
        at the end what failed for some. Who may stop early closes the generator (`contextlib.aclosing`).
        """
        bounds = Silence(int(silence * 1000), int(watched_silence * 1000))
        everybody = self._list(
            Query(schema.connections_partition(shard), schema.EVEN_EXPIRED) for shard in range(schema.SHARDS)
        )
        return self._departures.sweep(everybody, bounds, staying, instant(now))

    async def prune(
        self,
        connection_ids: Iterable[str],
        *,
        user_id: str | None = None,
        keep_rows: bool = False,
        now: int | None = None,
    ) -> None:
        """End connections that turned out to be gone: no read shows them any more.

        Those that were on channels stay for who tells these: `end_connection` or the next sweep returns them.
        `user_id` is whose they were, where the caller knows: then rows in that user's index go even if the
        connections' own rows are gone already. With `keep_rows` all of them stay for the next sweep.
        """
        await self._departures.prune(
            dict.fromkeys(connection_ids), user_id, instant(now), keep_rows=keep_rows
        )

    async def get_connection(
        self, connection_id: str, *, with_client_data: bool = False, now: int | None = None
    ) -> Connection | None:
        """Return a connection, or None if there is none or it has expired."""
        now = instant(now)
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
        now = instant(now)
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

    async def set_client_data(self, connection: Connection, client_data: Any) -> None:
        """Replace what `connect` was given as client data. The last call wins.

        Raises ItemTooLargeError, and TypeError or ValueError for data that is not JSON.
        """
        row = client_data_row(self._prefix, connection, client_data)
        await self._table.write(row, now=connection.connected_at)

    async def get_client_data(self, connection_id: str) -> Any:
        """Return a connection's client data, also of one that has ended and is not forgotten yet."""
        return await self._client_data(connection_id, schema.EVEN_EXPIRED)

    async def change_roles(
        self, connection_id: str, roles: Iterable[str], *, now: int | None = None
    ) -> Connection | None:
        """Give a connection's user other roles from now on; return it as it was, or None if there is none."""
        now = instant(now)
        change = Update(
            schema.connection_key(self._prefix, connection_id),
            "SET user_roles = :roles",
            schema.ALIVE,
            {":roles": write_roles(roles), ":seconds": now // 1000},
        )
        row = await self._table.update(change, now=now)
        return None if row is None else Connection.from_record(row)

    def stream(
        self,
        cursor: str | None = None,
        *,
        shard: int | None = None,
        page_size: int | None = None,
        now: int | None = None,
    ) -> AsyncGenerator[Connection, None]:
        """Return every connection after `cursor`, or those of one shard, in the order of cursors.

        `page_size` bounds the rows read from a shard at once, which otherwise are as many as DynamoDB gives.
        A consumer that may stop early closes the stream (`contextlib.aclosing`). Raises InvalidCursorError.
        """
        first, after = schema.parse_cursor(cursor) if cursor is not None else (shard or 0, "")
        last = schema.SHARDS - 1 if shard is None else shard
        now = instant(now)
        return self._list(
            Query(
                schema.connections_partition(number),
                now,
                between=schema.connections_between(self._prefix, after if number == first else ""),
                page_size=page_size,
            )
            for number in range(first, last + 1)
        )

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
                    between = schema.cursor_between(found[-1].connection_id, connection.connection_id)
                    return Page(tuple(found), between)
                found.append(connection)
        return Page(tuple(found), None)

    async def connections_of(self, user_id: str, *, now: int | None = None) -> list[UserConnection]:
        """Return a user's connections in the order of their ids, one made a moment ago included."""
        partition = schema.user_partition(self._prefix, user_id)
        rows = self._table.query(Query(partition, instant(now), consistent=True))
        return [
            UserConnection.from_record(user_id, row)
            async for row in rows
            if row[schema.SORT_KEY] != schema.ONLY
        ]

    async def create_group(self, group_id: str, *, shards: int = 4, now: int | None = None) -> None:
        """Make a group of connections; needed only for one so large that it takes more `shards` (16).

        A group is a channel that goes by another name, and anything else about channels works on it too.
        Raises InvalidKeyError.
        """
        await self._heads.ensure([Channel(group_id, shards)], 0, now=instant(now))

    async def add_to_group(self, group_id: str, connection_id: str, *, now: int | None = None) -> None:
        """Add a connection to a group, which need not have been made. Raises as `Subscriptions.subscribe`."""
        connection = await self.get_connection(connection_id, now=now)
        if connection is None:
            raise ConnectionGoneError("the connection has no row")
        await self._subscriptions.subscribe(connection, [Channel(group_id)], now=now)

    async def remove_from_group(self, group_id: str, connection_id: str, *, now: int | None = None) -> None:
        """Take a connection out of a group, if it is in it. Raises as `Subscriptions.unsubscribe`."""
        await self._subscriptions.unsubscribe(connection_id, [group_id], now=now)

    async def get_group_connections(self, group_id: str, *, now: int | None = None) -> list[str]:
        """Return the ids of a group's connections, one added a moment ago included."""
        return [each.connection_id async for each in self._subscriptions.subscribers(group_id, now=now)]

    async def _list(self, queries: Iterable[Query]) -> AsyncGenerator[Connection, None]:
        async with aclosing(self._table.query(*queries)) as rows:
            async for row in rows:
                yield Connection.from_record(row)

    async def _client_data(self, connection_id: str, now: int) -> Any:
        row = await self._table.get(
            schema.client_data_key(self._prefix, connection_id), now=now, consistent=True
        )
        return None if row is None else json.loads(row["data"])
