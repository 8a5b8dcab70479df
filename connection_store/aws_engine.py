"""AwsEngine: requests to DynamoDB over `signalbox.aws`, without an SDK."""

from collections.abc import Mapping
from typing import Any

from signalbox.aws.endpoints import DYNAMODB
from signalbox.aws.errors import AwsError, ConnectError, ServiceError, TransportError
from signalbox.aws.json_api import JsonApi

from .engine import EngineError, NoAnswerError, RequestRefusedError


class AwsEngine:
    """Executes requests over signed HTTP, at most `connections` at once; the others wait.

    `api` is by default the one that the standard environment variables describe.
    """

    def __init__(self, api: JsonApi | None = None, *, connections: int) -> None:
        self._api = api or JsonApi(DYNAMODB, connections=connections)

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer. Raises RequestRefusedError, NoAnswerError, or EngineError (no credentials)."""
        try:
            # All of the store's requests may be sent twice: they read, they have a condition that a second
            # one finds as the first has left it, or they carry a token.
            return await self._api.call(operation, request, repeatable=True)
        except ServiceError as error:
            # The cause holds DynamoDB's text and items, and none of it may get into a traceback.
            raise _refusal(error) from None
        except TransportError as error:
            sent = not isinstance(error, ConnectError)
            raise NoAnswerError(type(error).__name__, sent=sent) from None
        except AwsError as error:
            raise EngineError(str(error)) from None

    def warm(self) -> None:
        """Read the certificate authorities. Raises EngineError."""
        try:
            self._api.warm()
        except AwsError as error:
            raise EngineError(str(error)) from None

    async def close(self) -> None:
        """Close the sockets; calls under way fail."""
        await self._api.close()


def _refusal(error: ServiceError) -> RequestRefusedError:
    return RequestRefusedError(
        error.code,
        error.message,
        status=error.status,
        item=error.answer.get("Item"),
        reasons=error.answer.get("CancellationReasons", ()),
    )
