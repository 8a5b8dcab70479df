"""The time that an invocation may use."""

from collections.abc import Callable
from typing import Any

RESERVE = 3.0
"""Seconds of an invocation kept for recording progress and for queueing the rest."""


def time_left(context: Any) -> Callable[[], float]:
    """Return a function that gives the seconds left for work, `RESERVE` less than Lambda gives."""

    def seconds() -> float:
        milliseconds: int = context.get_remaining_time_in_millis()
        return milliseconds / 1_000 - RESERVE

    return seconds
