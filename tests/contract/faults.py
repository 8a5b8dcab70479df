"""Trouble on demand: a client that fails as planned, and a clock that only sleeping moves."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

Trouble = Callable[[str, int], BaseException | None]
"""From an operation and the number of its attempt (from 1) to what is raised."""


def no_trouble(operation: str, attempt: int) -> None:
    return None


class FaultyClient:
    """A boto3 client whose calls fail: `before` they reach it, or `after` it has done what was asked."""

    def __init__(self, client: Any, before: Trouble = no_trouble, after: Trouble = no_trouble) -> None:
        self._client = client
        self._before = before
        self._after = after
        self.attempts: Counter[str] = Counter()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._client, operation)
        return method if operation == "close" else lambda **request: self._call(operation, method, request)

    def _call(self, operation: str, method: Callable[..., Any], request: dict[str, Any]) -> Any:
        self.attempts[operation] += 1
        attempt = self.attempts[operation]
        if error := self._before(operation, attempt):
            raise error
        answer = method(**request)
        if error := self._after(operation, attempt):
            raise error
        return answer


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


def refusal(code: str, *, status: int = 400, message: str = "", **rest: Any) -> ClientError:
    """What botocore raises when AWS answers with an error."""
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **rest,
    }
    return ClientError(answer, "Operation")


def conflict(operation: str) -> ClientError:
    """A transaction conflict, in the form each kind of request is told of it."""
    if operation == "transact_write_items":
        reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "ongoing"}]
        return refusal("TransactionCanceledException", CancellationReasons=reasons)
    return refusal("TransactionConflictException")
