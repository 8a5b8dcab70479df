"""Pauses between attempts: random from nought, under a ceiling that doubles, so that a crowd spreads."""

from collections.abc import Callable

from ..settings import Settings


class Backoff:
    """The pauses of one client, the first up to ``first`` seconds; ``random`` gives numbers from 0 to 1."""

    def __init__(self, first: float, settings: Settings, random: Callable[[], float]) -> None:
        self._first = first
        self._settings = settings
        self._random = random
        self._attempt = 0

    def pause(self, least: float = 0.0) -> float:
        """The seconds to wait before the next attempt, ``least`` or more."""
        # Past 2 to the 32nd it makes no difference, and a float would end at 2 to the 1024th.
        ceiling = self._first * 2.0 ** min(self._attempt, 32)
        self._attempt += 1
        return max(self._random() * min(self._settings.longest_pause, ceiling), least)

    def note_life(self, seconds: float) -> None:
        """A connection has ended that lived so long; a long one begins the pauses again."""
        if seconds >= self._settings.steady_after:
            self._attempt = 0
