"""Boto3Engine: requests to DynamoDB through a client of boto3. The only module here that knows boto3.

boto3 blocks, so calls run in threads.
"""

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from .engine import EngineError, NoAnswerError, RequestRefusedError


class Boto3Engine:
    """Executes requests with `client`, at most `workers` at once; further calls wait for a free thread.

    `client` is boto3's DynamoDB client, or anything with its methods.
    """

    def __init__(self, client: object, *, workers: int) -> None:
        self._client: Any = client
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="dynamodb")

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer. Raises RequestRefusedError, NoAnswerError, or EngineError (no credentials)."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, operation, request)

    async def close(self) -> None:
        """Wait for the calls under way, then close the sockets."""
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

    def _send(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: Mapping[str, Any] = getattr(self._client, _method_of(operation))(**request)
        except ClientError as error:
            # botocore's errors quote values; with them as the cause, every traceback would quote them, too.
            raise _refusal(error.response) from None
        except BotoCoreError as error:
            raise _failure(error) from None
        return answer


@cache
def _method_of(operation: str) -> str:
    """Return "get_item" for "GetItem"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def _refusal(answer: Mapping[str, Any]) -> RequestRefusedError:
    error = answer["Error"]
    return RequestRefusedError(
        error["Code"],
        error.get("Message", ""),
        status=answer["ResponseMetadata"]["HTTPStatusCode"],
        item=answer.get("Item"),
        reasons=answer.get("CancellationReasons", ()),
    )


def _failure(error: Exception) -> EngineError:
    from botocore.exceptions import (
        ConnectionError as UnreachableError,
    )
    from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, HTTPClientError

    kind = type(error).__name__
    if isinstance(error, UnreachableError | HTTPClientError):
        return NoAnswerError(kind, sent=not isinstance(error, EndpointConnectionError | ConnectTimeoutError))
    return EngineError(kind)
