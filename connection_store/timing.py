"""The instant of a call, and how long it may take."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .arguments import optional_whole_number

CALL_BUDGET = 2.0
"""Seconds that one call may take by default, retries included (F26)."""

Clock = Callable[[], float]
"""Monotonic seconds."""

_deadline: ContextVar[float] = ContextVar("_deadline", default=math.inf)


def instant(now: int | None) -> int:
    """Return `now`, or the wall clock's epoch milliseconds if it is None. Raises TypeError, ValueError."""
    return optional_whole_number("now", now, time.time_ns() // 1_000_000)


@contextmanager
def time_budget(seconds: float, *, clock: Clock = time.monotonic) -> Iterator[None]:
    """Limit all calls of the store inside the block to `seconds` together.

    An inner block shortens the time that is left, and never lengthens it. A call that runs out of time raises
    StoreBusyError.
    """
    token = _deadline.set(min(_deadline.get(), clock() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def deadline(seconds: float, clock: Clock) -> float:
    """Return when a call that starts now and may take `seconds` has to be over, on `clock`."""
    return min(clock() + seconds, _deadline.get())
