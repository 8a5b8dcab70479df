"""Listings of all connections: as a stream, or a page at a time."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

from . import schema
from .models import Connection, Page
from .requests import Query
from .table import Table

LARGEST_PAGE = 1_000


class ConnectionListing:
    """The listings of one table, or of the part of it whose keys begin with `prefix`."""

    def __init__(self, table: Table, prefix: str) -> None:
        self._table = table
        self._prefix = prefix

    def stream(
        self, cursor: str | None, *, shard: int | None, page_size: int | None, now: int
    ) -> AsyncGenerator[Connection, None]:
        """Return the connections after `cursor`, or those of one shard. See `ConnectionManager.stream`."""
        first, after = schema.parse_cursor(cursor) if cursor is not None else (shard or 0, "")
        last = schema.SHARDS - 1 if shard is None else shard
        return self._read(
            Query(
                schema.connections_partition(number),
                now,
                between=schema.connections_between(self._prefix, after if number == first else ""),
                page_size=page_size,
            )
            for number in range(first, last + 1)
        )

    async def page(self, limit: int, cursor: str | None, *, now: int) -> Page:
        """Return up to `limit` connections after `cursor`. See `ConnectionManager.page`."""
        if not 1 <= limit <= LARGEST_PAGE:
            raise ValueError(f"a page has 1 to {LARGEST_PAGE} connections")
        found: list[Connection] = []
        stream = self.stream(cursor, shard=None, page_size=limit + 1, now=now)
        async with aclosing(stream) as connections:
            async for connection in connections:
                if len(found) == limit:
                    between = schema.cursor_between(found[-1].connection_id, connection.connection_id)
                    return Page(tuple(found), between)
                found.append(connection)
        return Page(tuple(found), None)

    def every_partition(self) -> AsyncGenerator[Connection, None]:
        """Return the connections of all partitions of the table, expired ones included."""
        return self._read(
            Query(schema.connections_partition(shard), schema.EVEN_EXPIRED) for shard in range(schema.SHARDS)
        )

    async def _read(self, queries: Iterable[Query]) -> AsyncGenerator[Connection, None]:
        async with aclosing(self._table.query(*queries)) as rows:
            async for row in rows:
                yield Connection.from_record(row)
