"""The account's send budget: how fast posts may go out (F16)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

BURST = 0.05
"""Seconds' worth of posts that may go out at once: more of it makes single seconds exceed the budget."""

RECOVERY = 60.0
"""Seconds in which the pace climbs from nothing to the whole budget."""

_LOWEST = 1.0
_BETWEEN_CUTS = 1.0


class SendBudget:
    """A pace in posts a second: `rate` at most, and less for a while after the account was refused.

    API Gateway counts posts against one quota an account and region, which inbound messages need as well.
    Whoever runs n fan-outs side by side gives each an nth of the budget. The pace is halved when the account
    is refused, at most once a second, and climbs back in a straight line: additive increase, multiplicative
    decrease, by which senders that know nothing of each other share what there is.

    `clock` is in monotonic seconds. Without a `rate` there is no bound but the account's refusals.
    """

    def __init__(self, rate: float = math.inf, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = rate
        self._clock = clock
        self._pace = rate
        self._looked = self._cut = self._due = -math.inf

    @property
    def pace(self) -> float:
        """Posts a second at the moment."""
        now = self._clock()
        if self._pace < self._most:
            self._pace = min(self._most, self._pace + (now - self._looked) * self._most / RECOVERY)
        self._looked = now
        return self._pace

    def reserve(self) -> float:
        """Take the next place; return the seconds until it is due, 0 or less when it is."""
        pace = self.pace
        self._due = max(self._due + 1 / pace, self._looked - BURST)
        return self._due - self._looked

    def back_off(self) -> None:
        """The account was refused: halve the pace, unless that has just been done."""
        pace = self.pace
        if self._looked - self._cut >= _BETWEEN_CUTS:
            self._pace = max(_LOWEST, pace / 2)
            self._cut = self._looked
