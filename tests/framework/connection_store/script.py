"""Engines that answer as told."""

import asyncio
from collections.abc import Mapping
from copy import deepcopy
from typing import Any


class Script:
    """Gives (or raises) one answer a call, the last one for ever, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.requests: list[tuple[str, dict[str, Any]]] = []

    async def call(self, operation: str, request: Mapping[str, Any]) -> Any:
        self.requests.append((operation, deepcopy(dict(request))))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def close(self) -> None:
        pass


class Held:
    """An engine whose every call waits until it is released, and then finds nothing."""

    def __init__(self) -> None:
        self.entered = asyncio.Semaphore(0)
        self.released = asyncio.Event()
        self.calls = 0

    async def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.calls += 1
        self.entered.release()
        await self.released.wait()
        return {"Items": []} if operation == "Query" else {}

    async def close(self) -> None:
        self.released.set()
