"""Trouble on demand: an engine that fails as planned, and a clock that only sleeping moves."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from connection_store.engine import Engine, RequestRefusedError

Trouble = Callable[[str, int], BaseException | None]
"""From an operation and the number of its attempt (from 1) to what is raised."""


def no_trouble(operation: str, attempt: int) -> None:
    return None


class FaultyEngine:
    """An engine whose calls fail: `before` they reach it, or `after` it has done what was asked."""

    def __init__(self, engine: Engine, before: Trouble = no_trouble, after: Trouble = no_trouble) -> None:
        self._engine = engine
        self._before = before
        self._after = after
        self.attempts: Counter[str] = Counter()

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.attempts[operation] += 1
        attempt = self.attempts[operation]
        await asyncio.sleep(0)  # others have their turn before any engine's answer
        if error := self._before(operation, attempt):
            raise error
        answer = await self._engine.call(operation, request)
        if error := self._after(operation, attempt):
            raise error
        return answer

    async def close(self) -> None:
        await self._engine.close()


class Clock:
    """Monotonic seconds that pass only in `sleep`."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


def refusal(code: str, **rest: Any) -> RequestRefusedError:
    """What an engine raises when DynamoDB answers with an error."""
    return RequestRefusedError(code, **rest)


def conflict(operation: str) -> RequestRefusedError:
    """A transaction conflict, in the form each kind of request is told of it."""
    if operation == "TransactWriteItems":
        reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "ongoing"}]
        return refusal("TransactionCanceledException", reasons=reasons)
    return refusal("TransactionConflictException")
