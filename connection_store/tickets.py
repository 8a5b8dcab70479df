"""Tickets that have been used, for as long as they could be used again."""

from . import schema
from .errors import ConditionFailedError
from .requests import Put
from .table import Table

MARGIN = 60
"""Seconds a spent ticket is remembered beyond its end: clocks differ (F32)."""


class SpentTickets:
    """The spent tickets in one table, or in the part of it whose keys begin with `partition`.

    Nothing connects before the first call. Raises StoreError or one of its kinds.
    """

    def __init__(
        self, table_name: str | None = None, partition: str = "", *, table: Table | None = None
    ) -> None:
        self._table = table or Table(table_name)
        self._prefix = schema.check_prefix(partition)

    def warm(self) -> None:
        """Read the certificate authorities now, while a sandbox starts, rather than in the first event."""
        self._table.warm()

    async def spend(self, ticket_id: str, connection_id: str, *, ends: int, now: int) -> bool:
        """Spend a ticket. Return whether this connection is the one that spent it (S12).

        `ends` is when the ticket does, and like `now` in epoch milliseconds. If several try at the same time,
        one succeeds. A repeated call for the same connection returns the same result.
        """
        row = {
            **schema.ticket_key(self._prefix, ticket_id)._asdict(),
            "connection": connection_id,
            schema.TTL_ATTRIBUTE: ends // 1000 + MARGIN,
        }
        try:
            await self._table.write(Put(row, schema.VACANT, {":seconds": now // 1000}), now=now)
        except ConditionFailedError as refused:
            return bool(refused.records[0]["connection"] == connection_id)
        return True
