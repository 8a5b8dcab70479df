"""Exponential backoff with full jitter: random pauses below a ceiling that doubles."""

from collections.abc import Callable

from ..settings import Settings


class Backoff:
    """The pauses of one client.

    The first pause is at most ``first`` seconds. ``random`` returns numbers from 0 to 1.
    """

    def __init__(self, first: float, settings: Settings, random: Callable[[], float]) -> None:
        self._first = first
        self._settings = settings
        self._random = random
        self._attempt = 0

    def pause(self, least: float = 0.0) -> float:
        """Return the seconds to wait before the next attempt, at least ``least``."""
        # A larger exponent changes nothing, and a float overflows at 2 to the 1024th.
        ceiling = self._first * 2.0 ** min(self._attempt, 32)
        self._attempt += 1
        return max(self._random() * min(self._settings.longest_pause, ceiling), least)

    def note_life(self, seconds: float) -> None:
        """Note how long a connection lived. A long life resets the backoff."""
        if seconds >= self._settings.steady_after:
            self._attempt = 0
