"""SmallBatches: a connection's few rows in one request, or one by one where IAM does not allow batches."""

import asyncio
import itertools
from collections.abc import Sequence

from .errors import AccessDeniedError
from .requests import Delete
from .schema import Key
from .table import Table
from .wire import Record


class SmallBatches:
    """Reads and deletes a few rows of one table.

    It falls back to GetItem and DeleteItem when IAM refuses BatchGetItem or BatchWriteItem. It remembers a
    refusal, because asking again would cost every later call a request.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._may_read = self._may_write = True

    async def get(self, *keys: Key, now: int) -> dict[Key, Record]:
        """Return by their keys the rows that are alive at `now`, read consistently."""
        if self._may_read:
            try:
                return await self._table.get_all(keys, now=now, consistent=True)
            except AccessDeniedError:
                self._may_read = False
        rows = await asyncio.gather(*(self._table.get(key, now=now, consistent=True) for key in keys))
        return {key: row for key, row in zip(keys, rows, strict=True) if row is not None}

    async def delete(self, *steps: Sequence[Key], now: int) -> None:
        """Delete rows, each step after the one before it. After a failure any of them may be left."""
        if self._may_write:
            try:
                return await self._table.delete_all(itertools.chain(*steps))
            except AccessDeniedError:
                self._may_write = False
        for keys in steps:
            await asyncio.gather(*(self._table.write(Delete(key), now=now) for key in keys))
        return None
