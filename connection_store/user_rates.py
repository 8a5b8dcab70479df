"""Rate limits of a user for one kind of message, over all connections and sandboxes."""

from . import schema
from .errors import ConditionFailedError
from .limits import Rate
from .requests import Update
from .table import Table
from .timing import instant

ATTEMPTS = 5
"""Tries to count a message while others of the same user are counted at the same time."""


class UserRates:
    """Counts messages by user with the generic cell rate algorithm, one row for each user and message.

    `now` and errors are as in ConnectionManager.
    """

    def __init__(self, table: Table, partition: str = "") -> None:
        self._table = table
        self._prefix = schema.check_prefix(partition)

    async def take(self, user_id: str, message: str, rate: Rate, *, now: int | None = None) -> int:
        """Count one message; return the milliseconds that it came too early, 0 if it is allowed.

        It takes one request for an idle user, two within a burst, and one for a refusal.
        """
        now = instant(now)
        key = schema.user_rate_key(self._prefix, user_id, message)
        busy_until = 0
        for _ in range(ATTEMPTS):
            try:
                await self._table.write(_count(key, rate, busy_until, now), now=now)
            except ConditionFailedError as refused:
                record = refused.records.get(0)
                busy_until = record["busy_until"] if record else 0
                if wait := rate.wait(busy_until, now):
                    return wait
            else:
                return 0
        return rate.interval


def _count(key: schema.Key, rate: Rate, busy_until: int, now: int) -> Update:
    after = rate.after(busy_until, now)
    # A burst continues from the value that was read. The row of an idle user may or may not exist.
    condition, values = "busy_until = :before", {":before": busy_until}
    if busy_until <= now:
        condition, values = f"{schema.VACANT} OR busy_until <= :now", {":now": now, ":seconds": now // 1_000}
    return Update(
        key,
        f"SET busy_until = :after, {schema.TTL_ATTRIBUTE} = :expires_at",
        condition,
        {**values, ":after": after, ":expires_at": after // 1_000 + 1},
    )
