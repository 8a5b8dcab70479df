"""Calls the function behind a route, and waits no longer than the integration may take."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from ..events.events import FunctionEvent
from ..log import record, show
from ..sandboxes.sandbox import Result

Invoke = Callable[[bytes, str], Awaitable[Result]]
"""Runs the function once: an event and an invocation id in, what came of it out. Never raises."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came of one call and the seconds it took; `result` is None when it was not there in time."""

    result: Result | None
    seconds: float

    def record(self, connection_id: str, route: str, status: int, verdict: str) -> None:
        """Write its line of the request log."""
        sandbox = self.result.sandbox if self.result else ""
        record(connection_id, route, status, verdict, sandbox=sandbox, seconds=self.seconds)


class Integration:
    """A route's way to the function; one that takes longer than `timeout` seconds goes on unheard (W69)."""

    def __init__(self, invoke: Invoke, timeout: float, invocation_id: Callable[[], str]) -> None:
        self._invoke = invoke
        self._timeout = timeout
        self._invocation_id = invocation_id
        self._running: set[asyncio.Future[Result]] = set()

    async def call(self, event: FunctionEvent) -> Invocation:
        """Run the function on an event."""
        show(event.payload)
        loop = asyncio.get_running_loop()
        started = loop.time()
        running = asyncio.ensure_future(self._invoke(event.payload, self._invocation_id()))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        # What asyncio.wait does, at a fraction of its price.
        over: asyncio.Future[None] = loop.create_future()
        running.add_done_callback(partial(_settle, over))
        timer = loop.call_later(self._timeout, _settle, over)
        try:
            await over
        finally:
            timer.cancel()
        return Invocation(running.result() if running.done() else None, loop.time() - started)

    async def close(self) -> None:
        """Give up on the calls that still run."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _settle(waiter: asyncio.Future[None], *_: object) -> None:
    if not waiter.done():
        waiter.set_result(None)
