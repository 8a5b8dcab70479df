"""When an event happened, and how long its work may take."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """One event's instant and its deadline, made once and handed on.

    `now` is in epoch milliseconds on API Gateway's clock. `time_left` returns the seconds left for work. It
    shrinks while the work goes on, and may be negative.
    """

    now: int
    time_left: Callable[[], float]
