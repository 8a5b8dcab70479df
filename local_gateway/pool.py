"""The sandboxes of one function: how many run, which one takes an event, what replaces a dead one."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from .sandbox import MAX_PAYLOAD, Failure, Result, Sandbox

_STOPPED = Failure("crashed", "Sandbox.Stopped")


class Pool:
    """Up to `size` sandboxes, made by `start` from a running number, with one invocation at a time in each.

    They are started on demand and reused, the most recently used first; callers wait in order. `timeout` is
    the function's, `init_timeout` that of loading it (None: no limit), both in seconds: a sandbox that
    exceeds one is killed, and the next caller in need has another started.
    """

    def __init__(
        self, start: Callable[[int], Sandbox], size: int, *, timeout: float, init_timeout: float | None = 10.0
    ) -> None:
        self._make = start
        self._size = size
        self._timeout = timeout
        self._init_timeout = init_timeout
        self._made = 0
        self._loading = 0
        self._sandboxes: set[Sandbox] = set()
        self._idle: list[Sandbox] = []
        self._waiters: deque[asyncio.Future[Sandbox | Failure]] = deque()
        self._starts: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[Result] | asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The processes that are alive."""
        return [sandbox.pid for sandbox in self._sandboxes if sandbox.alive and sandbox.pid is not None]

    async def invoke(self, event: bytes, request_id: str) -> Result:
        """Run the function once. A cancelled caller gives up its place; a running function goes on."""
        if self._closed:
            return _STOPPED
        if len(event) > MAX_PAYLOAD:
            return Failure("too_large", "RequestEntityTooLargeException")
        sandbox = self._take_idle() or await self._wait_in_line()
        if isinstance(sandbox, Failure):
            return sandbox
        running = asyncio.create_task(self._run(sandbox, event, request_id))
        self._keep(running)
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Stop every sandbox, whatever it is doing. Those who wait get a Failure."""
        self._closed = True
        while self._hand_over(_STOPPED):
            pass
        for start in self._starts:
            start.cancel()
        await asyncio.gather(*self._starts, return_exceptions=True)
        await asyncio.gather(*(sandbox.stop() for sandbox in self._sandboxes))
        # What ends leaves work behind: the sandbox it used.
        while tasks := list(self._tasks):
            self._tasks.difference_update(tasks)
            await asyncio.gather(*tasks)

    def _take_idle(self) -> Sandbox | None:
        while self._idle:
            sandbox = self._idle.pop()
            if sandbox.alive:
                return sandbox
            self._discard(sandbox)
        return None

    async def _wait_in_line(self) -> Sandbox | Failure:
        waiter: asyncio.Future[Sandbox | Failure] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._grow()
        try:
            return await waiter
        except asyncio.CancelledError:
            self._leave_line(waiter)
            raise

    def _leave_line(self, waiter: "asyncio.Future[Sandbox | Failure]") -> None:
        with suppress(ValueError):
            self._waiters.remove(waiter)
        # Its turn may have come in the moment it was cancelled.
        if not waiter.cancelled() and not isinstance(sandbox := waiter.result(), Failure):
            self._release(sandbox)

    def _hand_over(self, item: Sandbox | Failure) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(item)
                return True
        return False

    def _grow(self) -> None:
        while self._loading < len(self._waiters) and len(self._sandboxes) < self._size and not self._closed:
            self._made += 1
            self._loading += 1
            sandbox = self._make(self._made)
            self._sandboxes.add(sandbox)
            start = asyncio.create_task(self._start(sandbox))
            self._starts.add(start)
            start.add_done_callback(self._starts.discard)

    async def _start(self, sandbox: Sandbox) -> None:
        failure = await self._load(sandbox)
        self._loading -= 1
        if failure is None:
            self._release(sandbox)
        else:
            self._hand_over(failure)
            self._discard(sandbox)

    async def _load(self, sandbox: Sandbox) -> Failure | None:
        try:
            async with asyncio.timeout(self._init_timeout):
                return await sandbox.start()
        except TimeoutError:
            return Failure("init", "Sandbox.Timedout")
        except OSError:
            return Failure("init", "Sandbox.StartError")

    async def _run(self, sandbox: Sandbox, event: bytes, request_id: str) -> Result:
        try:
            return await sandbox.invoke(event, request_id, self._timeout)
        finally:
            self._release(sandbox)

    def _release(self, sandbox: Sandbox) -> None:
        if not sandbox.alive:
            self._discard(sandbox)
        elif not self._hand_over(sandbox):
            self._idle.append(sandbox)

    def _discard(self, sandbox: Sandbox) -> None:
        self._keep(asyncio.create_task(self._replace(sandbox)))

    async def _replace(self, sandbox: Sandbox) -> None:
        await sandbox.stop()
        self._sandboxes.discard(sandbox)
        self._grow()

    def _keep(self, task: "asyncio.Task[Result] | asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
