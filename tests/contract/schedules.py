"""The real code, several times over one table, in every order its calls can meet in.

`tests/framework/connection_store/interleavings.py` does so with a model of the design. This does so with the
code.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from connection_store import Table
from connection_store.engine import Engine
from connection_store.schema import Key

Process = Callable[[Table], Coroutine[Any, Any, None]]
MakeTable = Callable[..., Table]

PATIENCE = 30.0


class Turnstile:
    """An engine whose every call waits until it is let through."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._opened = asyncio.Semaphore(0)
        self._waiting = asyncio.Event()

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._waiting.set()
        await self._opened.acquire()
        return await self._engine.call(operation, request)

    async def close(self) -> None:
        await self._engine.close()

    def let_through(self) -> None:
        self._waiting.clear()
        self._opened.release()

    async def stands_before(self, task: "asyncio.Task[None]") -> bool:
        """Wait until `task` is at its next call, or over; tell which."""
        waiting = asyncio.create_task(self._waiting.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
        waiting.cancel()
        return not task.done()


class Explorer:
    """Runs processes in every order."""

    def __init__(self, engine: Engine, make_table: MakeTable) -> None:
        self._engine = engine
        self._make_table = make_table
        self._table = make_table()

    async def explore(self, prepare: Callable[[], Awaitable[tuple[list[Process], Process]]]) -> int:
        """Run each schedule once, and the check after it; return how many there were.

        `prepare` makes the rows, the processes and the check for one schedule; its rows are cleared away.
        """
        unexplored: list[list[int]] = [[]]
        schedules = 0
        while unexplored:
            processes, check = await prepare()
            unexplored += await self._run(processes, unexplored.pop())
            await check(self._table)
            await self._clear()
            schedules += 1
        return schedules

    async def _clear(self) -> None:
        answer = await self._engine.call("Scan", {"TableName": self._table.name})
        items = answer["Items"]
        await self._table.delete_all(Key(item["pk"]["S"], item["sk"]["S"]) for item in items)

    async def _run(self, processes: list[Process], schedule: list[int]) -> list[list[int]]:
        turnstiles = [Turnstile(self._engine) for _ in processes]
        tables = [
            self._make_table(engine=turnstile, concurrency=1, sleep=_at_once) for turnstile in turnstiles
        ]
        tasks = [asyncio.create_task(run(table)) for run, table in zip(processes, tables, strict=True)]
        others: list[list[int]] = []
        done: list[int] = []
        while running := [
            number for number, task in enumerate(tasks) if await turnstiles[number].stands_before(task)
        ]:
            if len(done) < len(schedule):
                chosen = schedule[len(done)]
            else:
                chosen, *rest = running
                others += [[*done, number] for number in rest]
            turnstiles[chosen].let_through()
            done.append(chosen)
        for task in tasks:
            await task
        return others


async def _at_once(seconds: float) -> None:
    await asyncio.sleep(0)
