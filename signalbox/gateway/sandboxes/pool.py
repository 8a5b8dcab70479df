"""The pool of sandboxes of one function. It starts, reuses and replaces them."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from .sandbox import MAX_PAYLOAD, Failure, Result, Sandbox

_STOPPED = Failure("crashed", "Sandbox.Stopped")


@dataclass(frozen=True, slots=True)
class _Call:
    event: bytes
    request_id: str
    result: asyncio.Future[Result]

    def end(self, result: Result) -> None:
        if not self.result.done():
            self.result.set_result(result)


class SandboxPool:
    """Up to `size` sandboxes with one invocation at a time in each. `start` makes one from its number.

    Sandboxes are started on demand and reused, the most recently used first. Callers wait in a queue.
    A sandbox is killed when an invocation exceeds `timeout`, or loading exceeds `init_timeout` (None: no
    limit), both in seconds. `loaded` is called with None when a sandbox has loaded the function. If loading
    failed, it is called with the Failure, after the sandbox has stopped and its output is complete.
    """

    def __init__(
        self,
        start: Callable[[int], Sandbox],
        size: int,
        *,
        timeout: float,
        init_timeout: float | None = 10.0,
        loaded: Callable[[Failure | None], None] = lambda _: None,
    ) -> None:
        self._make = start
        self._size = size
        self._timeout = timeout
        self._init_timeout = init_timeout
        self._loaded = loaded
        self._made = 0
        self._loading = 0
        self._sandboxes: set[Sandbox] = set()
        self._stale: set[Sandbox] = set()
        self._idle: list[Sandbox] = []
        self._queue: deque[_Call] = deque()
        self._starts: set[asyncio.Task[None]] = set()
        self._unfinished: set[asyncio.Future[Result] | asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that are alive."""
        return [sandbox.pid for sandbox in self._sandboxes if sandbox.alive and sandbox.pid is not None]

    def invoke(self, event: bytes, request_id: str) -> asyncio.Future[Result]:
        """Run the function once. Cancelling removes a waiting call, but does not stop a running function."""
        call = _Call(event, request_id, asyncio.get_running_loop().create_future())
        if self._closed:
            call.end(_STOPPED)
        elif len(event) > MAX_PAYLOAD:
            call.end(Failure("too_large", "RequestEntityTooLargeException"))
        else:
            self._queue.append(call)
            self._serve()
        return call.result

    def restart(self) -> None:
        """Use new sandboxes for the next events. Running invocations may end in the old ones."""
        self._stale |= self._sandboxes
        while self._idle:
            self._discard(self._idle.pop())
        self._serve()

    async def close(self) -> None:
        """Stop every sandbox at once. Waiting callers get a Failure."""
        self._closed = True
        while self._queue:
            self._queue.popleft().end(_STOPPED)
        for start in self._starts:
            start.cancel()
        await asyncio.gather(*self._starts, return_exceptions=True)
        await asyncio.gather(*(sandbox.stop() for sandbox in self._sandboxes))
        # A call that ends may start the replacement of its sandbox.
        while unfinished := list(self._unfinished):
            self._unfinished.difference_update(unfinished)
            await asyncio.gather(*unfinished)

    @property
    def _has_room(self) -> bool:
        return len(self._sandboxes - self._stale) < self._size

    def _take_idle(self) -> Sandbox | None:
        while self._idle:
            sandbox = self._idle.pop()
            if sandbox.alive:
                return sandbox
            self._discard(sandbox)
        return None

    def _serve(self) -> None:
        while (call := self._first_waiting()) and (sandbox := self._take_idle()):
            self._queue.popleft()
            self._run(sandbox, call)
        self._grow()

    def _first_waiting(self) -> _Call | None:
        while self._queue and self._queue[0].result.done():  # the caller has cancelled
            self._queue.popleft()
        return self._queue[0] if self._queue else None

    def _grow(self) -> None:
        while self._loading + len(self._idle) < len(self._queue) and self._has_room and not self._closed:
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
            self._loaded(None)
            self._release(sandbox)
        else:
            if call := self._first_waiting():
                call.end(replace(failure, sandbox=sandbox.name))
            self._track(asyncio.create_task(self._report(sandbox, failure)))

    async def _load(self, sandbox: Sandbox) -> Failure | None:
        try:
            async with asyncio.timeout(self._init_timeout):
                return await sandbox.start()
        except TimeoutError:
            detail = f"took longer than {self._init_timeout:g} s to load"
            return Failure("init", "Sandbox.Timedout", detail=detail)
        except (OSError, ValueError):  # for example an invalid environment variable
            return Failure("init", "Sandbox.StartError")

    def _run(self, sandbox: Sandbox, call: _Call) -> None:
        running = sandbox.invoke(call.event, call.request_id, self._timeout)
        running.add_done_callback(partial(self._ran, sandbox, call))
        self._track(running)

    def _ran(self, sandbox: Sandbox, call: _Call, running: asyncio.Future[Result]) -> None:
        call.end(replace(running.result(), sandbox=sandbox.name))
        self._release(sandbox)

    def _release(self, sandbox: Sandbox) -> None:
        if not sandbox.alive or sandbox in self._stale:
            self._discard(sandbox)
        else:
            self._idle.append(sandbox)
        self._serve()

    def _discard(self, sandbox: Sandbox) -> None:
        self._track(asyncio.create_task(self._replace(sandbox)))

    async def _report(self, sandbox: Sandbox, failure: Failure) -> None:
        await self._replace(sandbox)
        self._loaded(failure)

    async def _replace(self, sandbox: Sandbox) -> None:
        await sandbox.stop()
        self._sandboxes.discard(sandbox)
        self._stale.discard(sandbox)
        self._serve()

    def _track(self, work: asyncio.Future[Result] | asyncio.Task[None]) -> None:
        self._unfinished.add(work)
        work.add_done_callback(self._unfinished.discard)
