"""What waits for the application: a bounded queue that says what it lost."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TypeVar

from ..errors import ClientError
from ..values import Gap, Publication

T = TypeVar("T")


class Inbox(AsyncIterator[T | Gap]):
    """The newest ``limit`` items of a channel or, when that is None, of the client's events.

    Taking them ends, or raises the error it ended with, when all have been taken.
    """

    def __init__(self, channel: str | None, limit: int) -> None:
        self._channel = channel
        self._limit = limit
        self._items: deque[T | Gap] = deque()
        self._overflow: Gap | None = None
        self._ended = False
        self._error: ClientError | None = None
        self._came = asyncio.Event()

    def put(self, item: T | Gap) -> None:
        """Add an item; when there are too many, the oldest makes room and a gap says so."""
        if self._ended:
            return
        if len(self._items) == self._limit:
            oldest = self._items.popleft()
            position = oldest.position if isinstance(oldest, Publication | Gap) else None
            self._overflow = Gap(self._channel, "overflow", position)
        self._items.append(item)
        self._came.set()

    def end(self, error: ClientError | None = None) -> None:
        """Nothing comes after what is there."""
        if not self._ended:
            self._ended, self._error = True, error
        self._came.set()

    async def __anext__(self) -> T | Gap:
        while not self._items:
            if self._ended:
                raise self._error or StopAsyncIteration
            self._came.clear()
            await self._came.wait()
        if self._overflow:
            overflow, self._overflow = self._overflow, None
            return overflow
        return self._items.popleft()
