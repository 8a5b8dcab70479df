"""The wall clock, for callers who have no event's time."""

import time


def instant(now: int | None) -> int:
    """Return `now`, or the wall clock's epoch milliseconds if it is None."""
    return time.time_ns() // 1_000_000 if now is None else now
