"""F14 through the whole of the application: an invocation that is nearly over, its middleware included."""

import asyncio
import time
from typing import Any

import pytest

from connection_store import StoreBusyError
from signalbox.moment import Moment
from signalbox.publisher import Outcome
from signalbox.resolver import Context
from tests.framework.realtime.backend import NOW, Backend

PEOPLE = [f"c{number}=" for number in range(12)]
A_POST = 0.75
"""Seconds: of an invocation of ten, the handler's seven are over in the tenth."""


class Invocation:
    """Lambda's context, and the store's clock: only posts take time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = time.monotonic()
        self.took = 0.0

    def clock(self) -> float:
        return self._began + self.took

    def get_remaining_time_in_millis(self) -> int:
        return int((self._seconds - self.took) * 1_000)


@pytest.fixture
def crowd(backend: Backend) -> Backend:
    """Twelve people in two channels."""
    for each in PEOPLE:
        backend.connect(each)
        backend.subscribe(each, "room:1", "live:1")
    backend.gateway.posts.clear()
    return backend


def begin(backend: Backend, seconds: float) -> Invocation:
    """Give the next event so much time."""
    backend.lambda_context = invocation = Invocation(seconds)
    backend.table._clock = invocation.clock
    post = backend.gateway.post

    async def post_slowly(connection_id: str, frame: bytes) -> Outcome:
        invocation.took += A_POST
        return await post(connection_id, frame)

    backend.gateway.post = post_slowly  # type: ignore[method-assign]  # a gateway that takes its time
    return invocation


SAY: dict[str, dict[str, Any]] = {
    "publication": {"action": "channel.publish", "channel": "room:1"},
    "publication without history": {"action": "channel.publish", "channel": "live:1"},
    "broadcast": {"action": "broadcast"},
}


@pytest.mark.parametrize(("seconds", "served"), [(10.0, 10), (2.5, 0)])
@pytest.mark.parametrize("kind", SAY)
def test_f14_ack_says_queued_and_the_rest_is_when_the_invocation_is_nearly_over(
    crowd: Backend, kind: str, seconds: float, served: int
) -> None:
    begin(crowd, seconds)

    ack = crowd.send(PEOPLE[0], {**SAY[kind], "data": "hé"})

    assert ack.get("delivery") == "queued" or ack.get("queued") is True
    assert len(crowd.gateway.posts) == served
    (rest,) = crowd.queue.slices
    asyncio.run(crowd.worker.process(rest, "m", Moment(NOW, lambda: 60.0)))
    reached = [to for to, frame in crowd.gateway.posts if "hé".encode() in frame]
    assert sorted(reached) == sorted(PEOPLE)


def test_store_is_not_waited_for_when_the_invocation_is_over(crowd: Backend) -> None:
    invocation = begin(crowd, 10.0)

    @crowd.on_message("dawdle")
    async def dawdle(context: Context) -> None:
        invocation.took = 60.0
        with pytest.raises(StoreBusyError):
            await crowd.connections.get_connection(context.event.connection_id, now=NOW)

    assert crowd.send(PEOPLE[0], {"action": "dawdle"}) is None
