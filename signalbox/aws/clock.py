"""The time that requests are signed with."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from .response import Response

MAX_SKEW = 240
"""Seconds that a clock may be off. AWS refuses a signature from 5 minutes on."""


class ServerClock:
    """Epoch seconds of `clock`, corrected once a server has refused a signature for its date."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._offset = 0.0

    def now(self) -> int:
        """Return epoch seconds."""
        return int(self._clock() + self._offset)

    def correct(self, refusal: Response, signed_at: int) -> bool:
        """Take the time of a refusal's `Date`. Return whether `signed_at` was too far from it."""
        try:
            date = datetime.strptime(refusal.header("date") or "", "%a, %d %b %Y %H:%M:%S GMT")
        except ValueError:
            return False
        now = date.replace(tzinfo=UTC).timestamp()
        if abs(now - signed_at) < MAX_SKEW:
            return False
        self._offset = now - self._clock()
        return True
