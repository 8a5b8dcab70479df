"""UserLocks: one row of each user that every connect and logout changes, so that they see each other."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

from . import schema
from .errors import ConditionFailedError
from .limits import Rate
from .requests import Put, Update
from .table import Table
from .wire import Record

VERSION_BITS = 64

REVOCATION_LIFE = 30 * 86_400
"""Seconds a logout is remembered: tokens that live longer let their users in again after it."""


COMING = Rate(steady=0.5, burst=60)
"""How often a user may come: each connection begins with allowances of its own."""


@dataclass(frozen=True, slots=True)
class UserLock:
    """The optimistic lock of a user's connects and logouts. Each of them changes `version`.

    Credentials issued until `revoked_before` (epoch milliseconds, 0 without a logout) are good for nothing.
    `busy_until` is until when the user is busy coming, see `limits`.
    """

    version: str
    expires_at: int
    revoked_before: int = 0
    busy_until: int = 0

    def to_record(self, prefix: str, user_id: str) -> Record:
        """Return the row."""
        return {
            **schema.user_lock_key(prefix, user_id)._asdict(),
            "version": self.version,
            "revoked_before": self.revoked_before,
            "busy_until": self.busy_until,
            schema.TTL_ATTRIBUTE: self.expires_at,
        }

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read a row."""
        expires_at, busy_until = record[schema.TTL_ATTRIBUTE], record.get("busy_until", 0)
        return cls(record["version"], expires_at, record["revoked_before"], busy_until)


class UserLocks:
    """The locks in one table."""

    def __init__(self, table: Table, prefix: str) -> None:
        self._table = table
        self._prefix = prefix

    async def get(self, user_id: str, now: int) -> UserLock | None:
        """Return a user's lock, None before the first connect."""
        row = await self._table.get(schema.user_lock_key(self._prefix, user_id), now=now, consistent=True)
        return None if row is None else UserLock.from_record(row)

    def succession(self, user_id: str, before: UserLock | None, until: int, now: int) -> Put:
        """Return the write of a new lock, good for `until` (epoch seconds), refused unless `before` is."""
        version = self._table.token(VERSION_BITS)
        if before is None:
            first = UserLock(version, until, busy_until=COMING.after(0, now))
            return Put(first.to_record(self._prefix, user_id), schema.VACANT, {":seconds": now // 1000})
        busy_until = COMING.after(before.busy_until, now)
        expires_at = max(before.expires_at, until)
        after = replace(before, version=version, expires_at=expires_at, busy_until=busy_until)
        return Put(after.to_record(self._prefix, user_id), "version = :had", {":had": before.version})

    async def revoke(self, user_id: str, now: int) -> None:
        """Refuse credentials issued until `now`. A logout that is later than this one stays."""
        revocation = Update(
            schema.user_lock_key(self._prefix, user_id),
            f"SET version = :version, revoked_before = :now, {schema.TTL_ATTRIBUTE} = :until",
            "attribute_not_exists(revoked_before) OR revoked_before < :now",
            {
                ":version": self._table.token(VERSION_BITS),
                ":now": now,
                ":until": now // 1000 + REVOCATION_LIFE,
            },
        )
        with suppress(ConditionFailedError):
            await self._table.write(revocation, now=now)
