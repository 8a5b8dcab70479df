"""A bounded queue for the application that reports what it dropped."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TypeVar

from ..errors import ClientError
from ..values import Gap, Publication

T = TypeVar("T")


class BoundedQueue(AsyncIterator[T | Gap]):
    """The newest ``limit`` items of a channel. ``channel`` is None for the events of the client.

    After the last item the iteration ends, or raises the error the queue ended with.
    """

    def __init__(self, channel: str | None, limit: int) -> None:
        self._channel = channel
        self._limit = limit
        self._items: deque[T | Gap] = deque()
        self._overflow: Gap | None = None
        self._ended = False
        self._error: ClientError | None = None
        self._changed = asyncio.Event()

    def put(self, item: T | Gap) -> None:
        """Add an item. A full queue drops its oldest item and yields a gap in its place."""
        if self._ended:
            return
        if len(self._items) == self._limit:
            oldest = self._items.popleft()
            position = oldest.position if isinstance(oldest, Publication | Gap) else None
            self._overflow = Gap(self._channel, "overflow", position)
        self._items.append(item)
        self._changed.set()

    def end(self, error: ClientError | None = None) -> None:
        """Accept no more items."""
        if not self._ended:
            self._ended, self._error = True, error
        self._changed.set()

    async def __anext__(self) -> T | Gap:
        while not self._items:
            if self._ended:
                raise self._error or StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        if self._overflow:
            overflow, self._overflow = self._overflow, None
            return overflow
        return self._items.popleft()
