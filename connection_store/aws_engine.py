"""AwsEngine: requests to DynamoDB over `signalbox.aws`, without an SDK."""

from collections.abc import Mapping
from typing import Any

from signalbox.aws.endpoints import DYNAMODB
from signalbox.aws.errors import AwsError, ConnectError, ServiceError, TransportError
from signalbox.aws.json_api import JsonApi

from .engine import EngineError, NoAnswerError, RequestRefusedError

READS = frozenset({"BatchGetItem", "DescribeTable", "DescribeTimeToLive", "GetItem", "Query"})
"""Operations that change nothing."""


class AwsEngine:
    """Executes requests over signed HTTP, at most `connections` at once; the others wait.

    `api` is by default the one that the standard environment variables describe.
    """

    def __init__(self, api: JsonApi | None = None, *, connections: int) -> None:
        self._api = api or JsonApi(DYNAMODB, connections=connections)

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer. Raises RequestRefusedError, NoAnswerError, or EngineError (no credentials)."""
        repeatable = operation in READS or "ClientRequestToken" in request
        try:
            answer = await self._api.call(operation, request, repeatable=repeatable)
        except ServiceError as error:
            # The cause holds DynamoDB's text and items, and none of it may get into a traceback.
            raise _refusal(error) from None
        except TransportError as error:
            sent = not isinstance(error, ConnectError)
            raise NoAnswerError(type(error).__name__, sent=sent) from None
        except AwsError as error:
            raise EngineError(str(error)) from None
        if not _is_sound(operation, answer):
            raise NoAnswerError("InvalidResponseError")
        return answer

    def warm(self) -> None:
        """Read the certificate authorities. Raises EngineError."""
        try:
            self._api.warm()
        except AwsError as error:
            raise EngineError(str(error)) from None

    async def close(self) -> None:
        """Close the sockets; calls under way fail."""
        await self._api.close()


def _is_sound(operation: str, answer: Mapping[str, Any]) -> bool:
    """Whether an answer has the form of the operation's, as far as the store reads it."""
    match operation:
        case "Query":
            return isinstance(answer.get("Items"), list)
        case "BatchGetItem":
            return isinstance(answer.get("Responses"), dict)
        case "GetItem":
            return isinstance(answer.get("Item", {}), dict)
    return True


def _refusal(error: ServiceError) -> RequestRefusedError:
    item, reasons = error.answer.get("Item"), error.answer.get("CancellationReasons")
    sound = isinstance(reasons, list) and all(isinstance(each, dict) and "Code" in each for each in reasons)
    return RequestRefusedError(
        error.code,
        error.message,
        status=error.status,
        item=item if isinstance(item, dict) else None,
        reasons=reasons if sound and reasons else (),
    )
