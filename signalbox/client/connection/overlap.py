"""Two connections at once, while one takes the place of the other."""

from collections import OrderedDict

from .link import Link

KEPT = 10_000
"""The most frames remembered: what one connection may be ahead of the other."""


class Overlap:
    """Finds what both bring, where no position tells."""

    def __init__(self) -> None:
        self._brought: OrderedDict[int, tuple[Link, int]] = OrderedDict()

    def is_repeat(self, link: Link, data: str | bytes) -> bool:
        """Whether another connection has brought this frame before, and more often than this one."""
        frame = hash(data)
        first, count = self._brought.pop(frame, (link, 0))
        if first is link:
            self._brought[frame] = link, count + 1
            if len(self._brought) > KEPT:
                self._brought.popitem(last=False)
        elif count > 1:
            self._brought[frame] = first, count - 1
        return first is not link
