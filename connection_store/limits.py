"""Rate limits: a rule, and the number in a connection's row that applies it to what the connection does.

The numbers are the caller's policy. The rule is the generic cell rate algorithm (GCRA, a token bucket; ITU-T
I.371, annex A). It keeps one instant: the theoretical arrival time, until which the sender is busy if each
message takes its share of a second.
"""

from dataclasses import dataclass

from . import schema
from .errors import ConditionFailedError, ConnectionGoneError
from .models import Connection
from .requests import Update
from .table import Table
from .timing import instant

ATTEMPTS = 5
"""How often a count is tried when other messages of the same connection are counted at the same time."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`steady` a second in the long run, and `burst` at once. Instants and waits are in milliseconds."""

    steady: float
    burst: int

    @property
    def interval(self) -> int:
        """The share of one."""
        return max(1, round(1000 / self.steady))

    @property
    def tolerance(self) -> int:
        """Burst tolerance in milliseconds: how far `busy_until` may be ahead of the clock."""
        return (self.burst - 1) * self.interval

    def wait(self, busy_until: int, now: int) -> int:
        """Return how long until one more is allowed, 0 if it is."""
        return max(0, busy_until - self.tolerance - now)

    def after(self, busy_until: int, now: int) -> int:
        """Return `busy_until` after one more message."""
        return max(busy_until, now) + self.interval


class Allowances:
    """Counts messages against each connection's rate, in a number in the connection's row.

    `now` and errors as in ConnectionManager.
    """

    def __init__(self, table: Table, partition: str = "") -> None:
        self._table = table
        self._prefix = schema.check_prefix(partition)

    async def take(self, connection: Connection, rate: Rate, *, now: int | None = None) -> int:
        """Count one message of `connection` as a sign of life too. Return the wait, 0 if it is allowed.

        It takes one request, and none for a refusal that `connection` already shows. An older row never shows
        more than the true count. Raises ConnectionGoneError.
        """
        now = instant(now)
        for _ in range(ATTEMPTS):
            if wait := rate.wait(connection.busy_until, now):
                return wait
            try:
                await self._table.write(self._count(connection, rate, now), now=now)
            except ConditionFailedError as refused:
                if refused.is_gone(0):
                    raise ConnectionGoneError("the connection has no row") from None
                connection = Connection.from_record(refused.records[0])
            else:
                return 0
        return rate.interval

    def _count(self, connection: Connection, rate: Rate, now: int) -> Update:
        # A busy connection gets one more share, even if other messages add theirs. An idle one gets a first
        # share.
        busy = connection.busy_until > now
        change = "busy_until = busy_until + :share" if busy else "busy_until = :next"
        condition = (
            "busy_until > :now AND busy_until <= :latest"
            if busy
            else "(attribute_not_exists(busy_until) OR busy_until <= :now)"
        )
        amounts = (
            {":share": rate.interval, ":latest": now + rate.tolerance}
            if busy
            else {":next": rate.after(0, now)}
        )
        return Update(
            schema.connection_key(self._prefix, connection.connection_id),
            f"SET {change}, last_seen = :seen",
            f"{schema.ALIVE} AND last_seen <= :seen AND {condition}",
            # Events come out of order, and last_seen never goes back.
            {":seen": max(now, connection.last_seen), ":now": now, ":seconds": now // 1000, **amounts},
        )
