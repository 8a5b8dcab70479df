"""Deduplication during a roll-over, while two connections are open at once."""

from collections import OrderedDict

from .connection import Connection

KEPT = 10_000
"""The maximum number of frames remembered: how far one connection may be ahead of the other."""


class Deduplicator:
    """Recognises frames that both connections bring and that have no position."""

    def __init__(self) -> None:
        self._seen: OrderedDict[int, tuple[Connection, int]] = OrderedDict()

    def is_repeat(self, connection: Connection, text: str) -> bool:
        """Return whether the other connection brought this frame more often than this one so far."""
        frame = hash(text)
        first, count = self._seen.pop(frame, (connection, 0))
        if first is connection:
            self._seen[frame] = connection, count + 1
            if len(self._seen) > KEPT:
                self._seen.popitem(last=False)
        elif count > 1:
            self._seen[frame] = first, count - 1
        return first is not connection
