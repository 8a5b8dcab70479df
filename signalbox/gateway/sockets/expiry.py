"""Expiry of connections: after ten minutes without traffic, or two hours in all (W63, W66)."""

import asyncio
from collections.abc import Callable

from ..config import Limits
from .connections import Connection

GOING_AWAY = (1001, "Going away")
"""The close code and reason at either limit (W63), and when the gateway stops."""


class ExpiryTimer:
    """Closes a connection when its time is over. `now` is the clock in epoch milliseconds.

    `clock_rate` is the number of its seconds in one second of the wall clock. Traffic only updates
    `last_active`. The timer reads it when it fires, and is then set again.
    """

    __slots__ = ("_clock_rate", "_connection", "_limits", "_now", "_timer")

    def __init__(
        self, connection: Connection, limits: Limits, now: Callable[[], int], clock_rate: float
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._now = now
        self._clock_rate = clock_rate
        self._timer: asyncio.Handle = asyncio.get_running_loop().call_soon(self._look)

    def end(self) -> None:
        """Stop the timer of a closed connection."""
        self._timer.cancel()

    def _look(self) -> None:
        left = self._left()
        if left <= 0:
            self._connection.socket.start_close(*GOING_AWAY)
        else:
            self._timer = asyncio.get_running_loop().call_later(left / self._clock_rate, self._look)

    def _left(self) -> float:
        now, connection, limits = self._now(), self._connection, self._limits
        idle = limits.idle - (now - connection.last_active) / 1000
        whole = limits.lifetime - (now - connection.connected_at) / 1000
        return min(idle, whole)
