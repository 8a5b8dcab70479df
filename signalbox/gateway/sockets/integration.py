"""Invokes the function behind a route, and waits no longer than the integration timeout."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from ..events.events import FunctionEvent
from ..log import record, show
from ..sandboxes.sandbox import Result

Invoke = Callable[[bytes, str], Awaitable[Result]]
"""Runs a function once, with an event and an invocation id. Never raises."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The result of one call and its run time in seconds. `result` is None after a timeout."""

    result: Result | None
    seconds: float

    def record(self, connection_id: str, route: str, status: int, verdict: str) -> None:
        """Write the line of this call to the request log."""
        sandbox = self.result.sandbox if self.result else ""
        record(connection_id, route, status, verdict, sandbox=sandbox, seconds=self.seconds)


class Integration:
    """The integration of a route. The answer is ignored after `timeout` seconds (W69)."""

    def __init__(self, invoke: Invoke, timeout: float, invocation_id: Callable[[], str]) -> None:
        self._invoke = invoke
        self._timeout = timeout
        self._invocation_id = invocation_id
        self._running: set[asyncio.Future[Result]] = set()

    async def call(self, event: FunctionEvent) -> Invocation:
        """Run the function for an event."""
        show(event.payload)
        loop = asyncio.get_running_loop()
        started = loop.time()
        running = asyncio.ensure_future(self._invoke(event.payload, self._invocation_id()))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        # This does the same as asyncio.wait at a fraction of its cost.
        over: asyncio.Future[None] = loop.create_future()
        running.add_done_callback(partial(_settle, over))
        timer = loop.call_later(self._timeout, _settle, over)
        try:
            await over
        finally:
            timer.cancel()
        return Invocation(running.result() if running.done() else None, loop.time() - started)

    async def close(self) -> None:
        """Cancel the calls that still run."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _settle(waiter: asyncio.Future[None], *_: object) -> None:
    if not waiter.done():
        waiter.set_result(None)
