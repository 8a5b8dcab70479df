"""The port under `Table`: one coroutine, an operation of DynamoDB and its request in, the answer out.

Requests and answers are DynamoDB's own JSON ("GetItem", `{"TableName": …, "Key": {"pk": {"S": "…"}}}`).

EngineError
├── RequestRefusedError   DynamoDB answered with an error
└── NoAnswerError         no answer that can be read: unreachable, timed out, broken off
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class EngineError(Exception):
    """The root of an engine's errors. It is raised itself if a request cannot be made.

    Its text is a name, such as "NoRegionError", and holds nothing of an item.
    """


class RequestRefusedError(EngineError):
    """DynamoDB answered with an error.

    `code` is the error's name, `status` the HTTP status. `item` is the row that a condition was checked
    against. `reasons` are those of a cancelled transaction, one for each of its items with its `Code`.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 400,
        item: Mapping[str, Any] | None = None,
        reasons: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.item = item
        self.reasons = reasons


class NoAnswerError(EngineError):
    """No answer that can be read. `sent` is False where the request surely never left."""

    def __init__(self, kind: str, *, sent: bool = True) -> None:
        super().__init__(kind)
        self.sent = sent


class Engine(Protocol):
    """Executes requests of DynamoDB. Any number of calls may be under way at once."""

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer. Raises RequestRefusedError and NoAnswerError."""
        ...

    async def close(self) -> None:
        """Release the engine's threads and sockets."""
        ...
