"""A clock drives a function, as a schedule of EventBridge does."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count

from signalbox.gateway.sandboxes.sandbox import Failure, Result

Invoke = Callable[[bytes, str], Awaitable[Result]]

_LOG = logging.getLogger("signalbox.gateway")


@asynccontextmanager
async def schedule(invoke: Invoke, seconds: float) -> AsyncIterator[None]:
    """Invoke a function every so many seconds, one invocation after the other, while the context lasts.

    Its event says when, by the wall's clock. A failure is logged and not repeated: the next one is due soon.
    """
    task = asyncio.create_task(_tick(invoke, seconds))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _tick(invoke: Invoke, seconds: float) -> None:
    for number in count(1):
        await asyncio.sleep(seconds)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": now, "detail": {}}
        result = await invoke(json.dumps(event).encode(), f"schedule-{number}")
        if isinstance(result, Failure):
            _LOG.warning("a scheduled invocation failed: %s (%s)", result.error_type, result.kind)
