"""Events and posts on a way that a fault plan has made longer."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from random import Random
from typing import Any

from .decisions import Wait


class Traffic:
    """Everything that is on its way. A second of the plan takes `1 / clock_rate` of the wall's."""

    def __init__(self, clock_rate: float) -> None:
        self._rate = clock_rate
        self._waiting: defaultdict[tuple[int, int], list[asyncio.Future[None]]] = defaultdict(list)
        self._timers: dict[tuple[int, int], asyncio.TimerHandle] = {}
        self._travellers: set[asyncio.Task[Any]] = set()

    async def travel(self, delay: float, waits: Sequence[Wait]) -> None:
        """Come to the end of one way."""
        if delay:
            await asyncio.sleep(delay / self._rate)
        for wait in waits:
            await self._wait(wait)

    def send(self, traveller: Coroutine[Any, Any, object]) -> None:
        """Let somebody travel for whom nobody waits."""
        task = asyncio.create_task(traveller)
        self._travellers.add(task)
        task.add_done_callback(self._travellers.discard)

    async def close(self) -> None:
        """Give up on all who are under way."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._travellers:
            task.cancel()
        await asyncio.gather(*self._travellers, return_exceptions=True)

    async def _wait(self, wait: Wait) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        waiting = self._waiting[wait.place]
        waiting.append(turn)
        if len(waiting) == wait.shuffle.window:
            self._let_go(wait.place, wait.dice)
        elif len(waiting) == 1:
            time = wait.shuffle.within / self._rate
            self._timers[wait.place] = loop.call_later(time, self._let_go, wait.place, wait.dice)
        await turn

    def _let_go(self, place: tuple[int, int], dice: Random) -> None:
        self._timers.pop(place).cancel()
        waiting = self._waiting.pop(place)
        dice.shuffle(waiting)
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)
