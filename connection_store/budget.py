"""How long the store may take."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

CALL_BUDGET = 2.0
"""Seconds one call may take, retries included, where nothing else is said (F26)."""

Clock = Callable[[], float]
"""Monotonic seconds."""

_deadline: ContextVar[float] = ContextVar("_deadline", default=math.inf)


@contextmanager
def time_budget(seconds: float, *, clock: Clock = time.monotonic) -> Iterator[None]:
    """Give every call of the store inside the block `seconds` together; an outer budget is never lengthened.

    A call that is out of time raises StoreBusyError.
    """
    token = _deadline.set(min(_deadline.get(), clock() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def deadline(seconds: float, clock: Clock) -> float:
    """Return when a call that starts now and may take `seconds` has to be over, on `clock`."""
    return min(clock() + seconds, _deadline.get())
