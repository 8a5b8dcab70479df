"""A gateway without a network, for tests."""

from __future__ import annotations

import asyncio
from collections import deque

from signalbox.publisher.gateway import MAX_FRAME_BYTES, ConnectionInfo
from signalbox.publisher.outcomes import Failed, Gone, Outcome, Sent, TooLarge


class MemoryGateway:
    """Records what is posted and closed, and answers as scripted: `Sent` where nothing is.

    `latency` is how long a call takes, in seconds of the running loop's clock. `info` knows `connections`;
    anybody else is `Gone`.
    """

    def __init__(self, *, latency: float = 0.0) -> None:
        self.posts: list[tuple[str, bytes]] = []
        self.closed: list[str] = []
        self.connections: dict[str, ConnectionInfo] = {}
        self._latency = latency
        self._script: dict[str, deque[Outcome | Exception]] = {}

    def script(self, connection_id: str, *outcomes: Outcome | Exception) -> None:
        """Add what the next calls of `post` and `close` for this id return or raise, in order."""
        self._script.setdefault(connection_id, deque()).extend(outcomes)

    async def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Record a post, and answer it."""
        if len(frame) > MAX_FRAME_BYTES:
            return TooLarge()
        self.posts.append((connection_id, frame))
        return await self._answer(connection_id)

    async def close(self, connection_id: str) -> Outcome:
        """Record a close, and answer it."""
        self.closed.append(connection_id)
        return await self._answer(connection_id)

    async def info(self, connection_id: str) -> ConnectionInfo | Gone | Failed:
        """Return what `connections` holds for it."""
        return self.connections.get(connection_id, Gone())

    async def _answer(self, connection_id: str) -> Outcome:
        if self._latency:
            await asyncio.sleep(self._latency)
        outcomes = self._script.get(connection_id)
        outcome = outcomes.popleft() if outcomes else Sent()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
