"""An event loop whose clock stands still until it is told to go on, in a thread of its own."""

import asyncio
import heapq
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_TURNS = 50
"""Rounds of the loop in which what was begun comes to rest, the network apart."""


class SteppedLoop(asyncio.SelectorEventLoop):
    """Timers fall due when `advance` reaches them; sockets are as ever."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._due: list[float] = []

    def time(self) -> float:
        return self._now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        heapq.heappush(self._due, when)
        return super().call_at(when, callback, *args, context=context)

    async def advance(self, seconds: float) -> None:
        """Let time go by, and everything that falls due happen, in order."""
        end = self._now + seconds
        await self.rest()
        while self._due and self._due[0] <= end:
            self._now = max(self._now, heapq.heappop(self._due))
            await self.rest()
        self._now = end
        await self.rest()

    async def rest(self) -> None:
        """Let what has begun come to rest."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)


class SteppedThread:
    """Runs coroutines on a stepped loop, for callers on another one."""

    def __init__(self, loop: SteppedLoop) -> None:
        self.loop = loop

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine returns."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))


@contextmanager
def stepped_thread() -> Iterator[SteppedThread]:
    """The thread, for as long as the context lasts."""
    loop = SteppedLoop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield SteppedThread(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
