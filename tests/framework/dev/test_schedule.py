import asyncio
import json
import logging
from datetime import datetime

import pytest

from signalbox.dev.schedule import schedule
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result

PATIENCE = 20.0


class Sweeper:
    """A function that notes its events, and fails the first time."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.thrice = asyncio.Event()

    async def invoke(self, event: bytes, request_id: str) -> Result:
        self.events.append(event)
        if len(self.events) == 3:
            self.thrice.set()
        return Answer(b"null") if len(self.events) > 1 else Failure("error", "KeyError")


async def test_function_is_invoked_again_and_again_when_it_fails_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sweeper = Sweeper()
    with caplog.at_level(logging.WARNING, "signalbox.gateway"):
        async with asyncio.timeout(PATIENCE), schedule(sweeper.invoke, 0.01):
            await sweeper.thrice.wait()
    invoked = len(sweeper.events)
    await asyncio.sleep(0.03)

    assert len(sweeper.events) == invoked
    assert [record.getMessage() for record in caplog.records] == [
        "a scheduled invocation failed: KeyError (error)"
    ]
    assert all(datetime.fromisoformat(json.loads(event)["time"]).tzinfo for event in sweeper.events)
