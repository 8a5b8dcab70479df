"""ConnectionManager: connections are registered, looked up, kept alive, listed and ended."""

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from . import schema
from .admission import Admission
from .arguments import optional_text, optional_whole_number, whole_number
from .channel_heads import ChannelHeads
from .client_data import client_data_row, read_client_data
from .endings import ConnectionEndings, EndedConnection, Silence
from .errors import ConditionFailedError, ConnectionGoneError
from .listing import ConnectionListing
from .models import Channel, Connection, Page, UserConnection, write_roles
from .requests import Query, Update
from .small_batches import SmallBatches
from .subscriptions import Subscriptions
from .table import Table
from .timing import instant

CONNECTION_TTL = 7_500
"""Seconds a connection's rows live: the two hours API Gateway allows, and five minutes."""

SHORTEST_TTL = 60
LAST_SEEN_EVERY = 30

SILENCE, WATCHED_SILENCE = 1_200, 150
"""Seconds without a sign of life after which a connection has ended.

That is 2.5 heartbeats: of eight minutes, and of one minute on a watched channel.
"""


class ConnectionManager:
    """The connections in one table, or in the part of it whose keys begin with `partition`.

    Without `table_name` the table is the one that the environment variable TABLE_NAME names, else
    DYNAMODB_TABLE, else "signalbox". `connection_ttl` (at least 60) and `last_seen_every` are whole seconds.
    A user has at most `connection_limit` connections, 1 to 40. None means any number.

    Instants (`now`, `connected_at`, `session_ends`) are epoch milliseconds. Pass an event's own time as
    `now`, because clocks of sandboxes differ (F32). Leave it out where there is no event.

    Every coroutine raises StoreError or one of its kinds. Arguments of a wrong type or range raise
    InvalidKeyError (ids and `partition`), TypeError or ValueError. Nothing connects before the first call.

    Five IAM actions are enough for `connect`, `disconnect`, `get_connection`, `update_last_seen` and the
    group methods: GetItem, PutItem, UpdateItem, DeleteItem and Query. Methods that need another one say so.
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
        self._table = table or Table(table_name)
        self._prefix = schema.check_prefix(partition)
        self._ttl = whole_number("connection_ttl", connection_ttl, SHORTEST_TTL) * 1000
        self._last_seen_every = whole_number("last_seen_every", last_seen_every) * 1000
        self._batches = SmallBatches(self._table)
        self._heads = ChannelHeads(self._table, self._prefix)
        self._endings = ConnectionEndings(self._table, self._prefix)
        silence = Silence(SILENCE * 1000, WATCHED_SILENCE * 1000)
        self._admission = Admission(self._table, self._prefix, self._ttl, connection_limit, silence)
        self._listing = ConnectionListing(self._table, self._prefix)
        self._subscriptions = Subscriptions(self._table, partition)

    def warm(self) -> None:
        """Read the certificate authorities now, while a sandbox starts, rather than in the first event."""
        self._table.warm()

    async def close(self) -> None:
        """Wait for calls under way and close the sockets. A Lambda never needs it."""
        await self._table.close()

    async def init_table(self) -> None:
        """Create the table unless it exists, switch its TTL on, and wait until it is usable.

        It takes up to 30 seconds. Several processes may call this at the same time. A table with other keys,
        or whose TTL is on another attribute, is left as it is. Raises ForeignTableError for it.

        It needs DescribeTable, CreateTable, DescribeTimeToLive and UpdateTimeToLive.
        """
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
        """Register a connection and return it without its client data.

        A connection that is registered already is returned unchanged.

        `client_data` is any JSON value of at most 100 levels. `session_ends` is when the user's credentials
        expire. The rows expire then, if that is before the end of `connection_ttl`. `issued_at` is when the
        credentials were issued, by default `connected_at`.

        If the user has too many connections, the one made at the instant `replaces` is ended. Without it, the
        one that has been silent longest is ended. This takes BatchGetItem, so `connection_limit` needs that
        action.

        Raises RevokedError, ConnectionLimitError, TransactionConflictError, ItemTooLargeError, and TypeError
        or ValueError for client data that is not JSON.
        """
        now = instant(now)
        connected_at = optional_whole_number("connected_at", connected_at, now)
        issued_at = optional_whole_number("issued_at", issued_at, connected_at)
        ends = connected_at + self._ttl
        expires_at = min(ends, optional_whole_number("session_ends", session_ends, ends)) // 1000
        name = optional_text("name", name)
        connection = Connection(
            connection_id, user_id, name, connected_at, connected_at, expires_at, partition=self._prefix
        )
        return await self._admission.admit(
            connection,
            client_data,
            issued_at=issued_at,
            replaces=None if replaces is None else whole_number("replaces", replaces),
            now=now,
        )

    async def disconnect(self, connection_id: str, *, now: int | None = None) -> Connection | None:
        """End a connection, delete its rows and return it. None if there was none that had not expired.

        You may repeat it. The rows are deleted with one BatchWriteItem, or with DeleteItem where IAM does not
        allow that. To tell others first, call `end_connection`, tell them, and then call
        `forget`.
        """
        now = instant(now)
        ended = await self.end_connection(connection_id, now=now)
        await self._batches.delete(*ended.steps(), now=now)
        left = ended.connection
        return left if left is not None and left.expires_at * 1000 > now else None

    async def end_connection(self, connection_id: str, *, now: int | None = None) -> EndedConnection:
        """End a connection and return it with its subscriptions. No read shows it from now on.

        Its rows stay until `forget`. If the process stops before that, the next sweep returns the ended
        connection once more and finishes the work. You may repeat it.
        """
        key = schema.connection_key(self._prefix, connection_id)
        return await self._endings.end_connection(key, None, instant(now))

    async def forget(self, *ended: EndedConnection) -> None:
        """Delete the rows of connections that have ended, with BatchWriteItem. You may repeat it."""
        await self._endings.forget(ended)

    def sweep(
        self,
        *,
        silence: float = SILENCE,
        watched_silence: float = WATCHED_SILENCE,
        staying: Callable[[Connection], None] = lambda _: None,
        now: int | None = None,
    ) -> AsyncGenerator[tuple[EndedConnection, ...], None]:
        """End every connection that expired or fell silent, and yield the ended ones some at a time.

        It covers every partition of the table. `silence` is in seconds without a sign of life.
        `watched_silence` is the same for connections with a watched channel. Each ended connection is yielded
        at least once, until it is forgotten. Several sweeps may run at the same time. `staying` is called
        with every other connection.

        A failure for one connection is raised at the end. If you may stop early, close the generator
        (`contextlib.aclosing`).
        """
        bounds = Silence(int(silence * 1000), int(watched_silence * 1000))
        return self._endings.sweep(self._listing.every_partition(), bounds, staying, instant(now))

    async def prune(
        self,
        connection_ids: Iterable[str],
        *,
        user_id: str | None = None,
        keep_rows: bool = False,
        now: int | None = None,
    ) -> None:
        """End connections that turned out to be gone, and delete their rows with BatchWriteItem.

        Connections with subscriptions keep some rows, so that `end_connection` or the next sweep returns them
        and their channels can be told. Pass `user_id` if you know it: rows in that user's index are then
        deleted even if the connections' own rows are gone. With `keep_rows` all rows stay for the next sweep.
        """
        ids = dict.fromkeys(connection_ids)
        await self._endings.prune(ids, user_id, instant(now), keep_rows=keep_rows)

    async def get_connection(
        self, connection_id: str, *, with_client_data: bool = True, now: int | None = None
    ) -> Connection | None:
        """Return a connection with its client data. None if it does not exist or has expired.

        Both rows are read in one BatchGetItem, or with two GetItem where IAM does not allow BatchGetItem. The
        read is consistent, so it finds data that was set a moment ago. Without client data the price is a
        quarter: one eventually consistent GetItem, and a consistent one only if nothing was found.
        """
        now = instant(now)
        key = schema.connection_key(self._prefix, connection_id)
        if with_client_data:
            beside = schema.client_data_key(self._prefix, connection_id)
            rows = await self._batches.get(key, beside, now=now)
            record, client_data = rows.get(key), read_client_data(rows.get(beside))
        else:
            # A message may arrive before the row that $connect wrote is on every replica.
            found = await self._table.get(key, now=now)
            record, client_data = found or await self._table.get(key, now=now, consistent=True), None
        return None if record is None else Connection.from_record(record, client_data)

    def needs_touch(self, connection: Connection, now: int) -> bool:
        """Tell whether `update_last_seen` would write. Saves the call if you hold the connection."""
        return now - connection.last_seen >= self._last_seen_every

    async def update_last_seen(self, connection_id: str, *, now: int | None = None) -> bool:
        """Record a sign of life. Return True while the connection is alive, and False when it is gone.

        It writes at most once in `last_seen_every` seconds, and answers True either way. `last_seen` never
        goes back, and a connection that is gone never comes back (F04).
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
            return not refused.is_gone(0)
        return True

    async def set_client_data(self, connection: Connection, client_data: Any) -> None:
        """Replace a connection's client data as a whole. The last call wins.

        Raises ItemTooLargeError, and TypeError or ValueError for data that is not JSON.
        """
        row = client_data_row(self._prefix, connection, client_data)
        await self._table.write(row, now=connection.connected_at)

    async def get_client_data(self, connection_id: str) -> Any:
        """Return a connection's client data, also of one that has ended and is not forgotten yet."""
        key = schema.client_data_key(self._prefix, connection_id)
        return read_client_data(await self._table.get(key, now=schema.EVEN_EXPIRED, consistent=True))

    async def change_roles(
        self, connection_id: str, roles: Iterable[str], *, now: int | None = None
    ) -> Connection | None:
        """Change the roles of a connection's user. Return the connection as it was, or None if it is gone."""
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
        """Return the connections after `cursor` in the order of cursors, or those of one shard.

        `page_size` bounds the rows that one query reads. Without it DynamoDB decides. If you may stop early,
        close the stream (`contextlib.aclosing`). Raises InvalidCursorError.
        """
        return self._listing.stream(cursor, shard=shard, page_size=page_size, now=instant(now))

    async def page(self, limit: int, cursor: str | None = None, *, now: int | None = None) -> Page:
        """Return up to `limit` connections after `cursor`.

        Raises InvalidCursorError, and ValueError for a limit outside 1 to 1,000.
        """
        return await self._listing.page(limit, cursor, now=instant(now))

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
        """Create a group of connections. Only a large group needs it, which takes more `shards` (16).

        A group is a channel by another name: all that works on channels works on it. Raises InvalidKeyError.
        """
        await self._heads.ensure([Channel(group_id, shards)], 0, now=instant(now))

    async def add_to_group(self, group_id: str, connection_id: str, *, now: int | None = None) -> None:
        """Add a connection to a group, which need not exist. Raises as `Subscriptions.subscribe`."""
        group = Channel(group_id)
        connection = await self.get_connection(connection_id, with_client_data=False, now=now)
        if connection is None:
            raise ConnectionGoneError("the connection has no row")
        await self._subscriptions.subscribe(connection, [group], now=now)

    async def remove_from_group(self, group_id: str, connection_id: str, *, now: int | None = None) -> None:
        """Remove a connection from a group, if it is in it. Raises as `Subscriptions.unsubscribe`."""
        await self._subscriptions.unsubscribe(connection_id, [group_id], now=now)

    async def get_group_connections(self, group_id: str, *, now: int | None = None) -> list[str]:
        """Return the ids of a group's connections, also of one that was added a moment ago."""
        return [each.connection_id async for each in self._subscriptions.subscribers(group_id, now=now)]
