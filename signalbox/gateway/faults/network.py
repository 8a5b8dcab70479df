"""A simulated network that delays and reorders events and posts."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from random import Random
from typing import Any

from .decisions import Reordering


class SimulatedNetwork:
    """Delays and reorders items. One second of the plan takes `1 / clock_rate` seconds of the wall clock."""

    def __init__(self, clock_rate: float) -> None:
        self._rate = clock_rate
        self._buffers: defaultdict[tuple[int, int], list[asyncio.Future[None]]] = defaultdict(list)
        self._timers: dict[tuple[int, int], asyncio.TimerHandle] = {}
        self._in_transit: set[asyncio.Task[Any]] = set()

    async def transmit(self, delay: float, reorderings: Sequence[Reordering]) -> None:
        """Return when an item has arrived."""
        if delay:
            await asyncio.sleep(delay / self._rate)
        for reordering in reorderings:
            await self._reorder(reordering)

    def start(self, transmission: Coroutine[Any, Any, object]) -> None:
        """Run a transmission in the background."""
        task = asyncio.create_task(transmission)
        self._in_transit.add(task)
        task.add_done_callback(self._in_transit.discard)

    async def close(self) -> None:
        """Cancel every transmission that runs in the background."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._in_transit:
            task.cancel()
        await asyncio.gather(*self._in_transit, return_exceptions=True)

    async def _reorder(self, reordering: Reordering) -> None:
        loop = asyncio.get_running_loop()
        released: asyncio.Future[None] = loop.create_future()
        buffer = self._buffers[reordering.buffer]
        buffer.append(released)
        if len(buffer) == reordering.shuffle.window:
            self._release(reordering.buffer, reordering.random)
        elif len(buffer) == 1:
            time = reordering.shuffle.within / self._rate
            self._timers[reordering.buffer] = loop.call_later(
                time, self._release, reordering.buffer, reordering.random
            )
        await released

    def _release(self, buffer: tuple[int, int], random: Random) -> None:
        self._timers.pop(buffer).cancel()
        waiting = self._buffers.pop(buffer)
        random.shuffle(waiting)
        for released in waiting:
            if not released.done():
                released.set_result(None)
