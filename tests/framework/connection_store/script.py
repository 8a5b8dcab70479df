"""Clients that answer as told."""

import threading
from collections.abc import Callable
from copy import deepcopy
from typing import Any


class Script:
    """Gives (or raises) one answer a call, the last one for ever, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def close(self) -> None:
        pass

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **request: self._answer(operation, request)

    def _answer(self, operation: str, request: dict[str, Any]) -> Any:
        self.requests.append((operation, deepcopy(request)))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Held:
    """A client whose every call waits until it is released, and then finds nothing."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.released = threading.Event()
        self.calls = 0

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._wait({})

    def query(self, **request: Any) -> dict[str, Any]:
        return self._wait({"Items": []})

    def _wait(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        self.entered.release()
        assert self.released.wait(10)
        return answer

    def close(self) -> None:
        self.released.set()
