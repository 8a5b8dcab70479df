"""ConcurrencyLimit for calls: as many run at once as there are connections, and the others wait in line."""

import asyncio
import math

from signalbox.aws.loop import PerLoop

from .errors import StoreBusyError
from .timing import Clock, deadline


class ConcurrencyLimit:
    """The turns of at most `number` calls at once in each event loop."""

    def __init__(self, number: int, clock: Clock) -> None:
        self._clock = clock
        self._places = PerLoop(lambda: asyncio.Semaphore(number))

    async def take(self, operation: str) -> asyncio.Semaphore:
        """Take a turn, in the order of asking, and return what to `release` after it.

        Raises StoreBusyError when the budget around it, if there is one, is over before.
        """
        places = self._places.get()
        if not places.locked():
            await places.acquire()
            return places
        left = deadline(math.inf, self._clock) - self._clock()
        try:
            async with asyncio.timeout(left if left < math.inf else None):
                await places.acquire()
        except TimeoutError:
            raise StoreBusyError(f"{operation}: no turn in time") from None
        return places
