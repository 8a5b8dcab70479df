"""The send budget: a rate limit for posts, by additive increase, multiplicative decrease (F16)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

BURST = 0.05
"""Burst tolerance in seconds of the rate. A larger one lets single seconds exceed the budget."""

RECOVERY = 60.0
"""Seconds in which the pace rises from nothing to the whole budget."""

_MIN_PACE = 1.0
_HALVING_INTERVAL = 1.0


class SendBudget:
    """A pace in posts a second: at most `rate`, and lower after API Gateway throttled the account.

    Posts and inbound messages share one quota for each account and region. For n fan-outs at the same time,
    give each an nth of the budget. Throttling halves the pace, at most once a second. It then rises linearly.
    This is additive increase, multiplicative decrease (AIMD), as in TCP: independent senders come to share
    the quota without knowing of each other.

    `clock` is in monotonic seconds. Without a `rate`, only throttling limits the pace.
    """

    def __init__(self, rate: float = math.inf, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._pace = rate
        self._updated_at = self._halved_at = self._next_at = -math.inf

    @property
    def pace(self) -> float:
        """The current pace in posts a second."""
        now = self._clock()
        if self._pace < self._rate:
            self._pace = min(self._rate, self._pace + (now - self._updated_at) * self._rate / RECOVERY)
        self._updated_at = now
        return self._pace

    def reserve(self) -> float:
        """Reserve the next post. Return the seconds to wait for it, 0 or less if it is due."""
        pace = self.pace
        self._next_at = max(self._next_at + 1 / pace, self._updated_at - BURST)
        return self._next_at - self._updated_at

    def back_off(self) -> None:
        """Halve the pace after throttling, unless it was halved within the last second."""
        pace = self.pace
        if self._updated_at - self._halved_at >= _HALVING_INTERVAL:
            self._pace = max(_MIN_PACE, pace / 2)
            self._halved_at = self._updated_at
