"""Recipients, and a gateway that can be made to misbehave."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from signalbox.publisher import ConnectionInfo, Failed, Gateway, Gone, Outcome, Recipient, Report, fan_out
from signalbox.testing.gateway import MemoryGateway

NOW = 1_767_225_600_000
FOREVER = 1e9
"""More seconds than any test has."""


@dataclass(frozen=True, slots=True)
class Person:
    """A recipient who connected an hour ago, unless said otherwise."""

    number: int
    connected_at: int = NOW - 3_600_000

    @property
    def connection_id(self) -> str:
        return f"c{self.number}"

    @property
    def cursor(self) -> str:
        return str(self.number)


class Audience:
    """A stream of people, resumable at a cursor, which notes how it was read."""

    def __init__(
        self, size: int, *, pause: float = 0.0, breaks_at: int | None = None, young: int | None = None
    ) -> None:
        self.size = size
        self.pause = pause
        self.breaks_at = breaks_at
        self.young = young
        self.read = 0
        self.closed = 0

    async def stream(self, cursor: str | None = None) -> AsyncIterator[Person]:
        try:
            for number in range(0 if cursor is None else int(cursor) + 1, self.size):
                if number == self.breaks_at:
                    raise OSError("the store is down")
                if self.pause:
                    await asyncio.sleep(self.pause)
                self.read += 1
                yield Person(number, NOW - 1_000) if number == self.young else Person(number)
        finally:
            self.closed += 1


class PostingGateway:
    """A gateway whose posts are the coroutine it is given; it counts those under way."""

    def __init__(self, post: Callable[[str], Awaitable[Outcome]]) -> None:
        self.posted: list[str] = []
        self.under_way = 0
        self.peak = 0
        self._post = post

    async def post(self, connection_id: str, frame: bytes) -> Outcome:
        self.posted.append(connection_id)
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            return await self._post(connection_id)
        finally:
            self.under_way -= 1

    async def close(self, connection_id: str) -> Outcome:
        raise NotImplementedError

    async def info(self, connection_id: str) -> ConnectionInfo | Gone | Failed:
        raise NotImplementedError


def seconds() -> float:
    """The running loop's clock."""
    return asyncio.get_running_loop().time()


def until(deadline: float) -> Callable[[], float]:
    """A `time_left` that runs out when the loop's clock reaches `deadline`."""
    return lambda: deadline - seconds()


async def send(
    gateway: Gateway,
    recipients: AsyncIterator[Recipient],
    time_left: Callable[[], float] = lambda: FOREVER,
    **options: Any,
) -> Report:
    return await fan_out(
        gateway, b"frame", recipients, now=NOW, time_left=time_left, jitter=lambda: 0.5, **options
    )


def posts_of(gateway: MemoryGateway) -> Counter[str]:
    return Counter(connection_id for connection_id, _ in gateway.posts)
