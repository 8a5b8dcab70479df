"""DynamoDB's JSON over plain HTTP, for an engine on loopback. boto3 takes five times as long."""

import asyncio
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from connection_store.engine import NoAnswerError, RequestRefusedError

PATIENCE = 30.0
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    # The signature is no good, and nobody on loopback looks at it: region and account are in the scope.
    "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}


class HttpEngine:
    """An engine at `url`, over as many connections as there are `workers`."""

    def __init__(self, url: str, workers: int) -> None:
        self._host = urlsplit(url).netloc
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="http-engine")
        self._here = threading.local()
        self._connections: list[HTTPConnection] = []

    async def call(self, operation: str, request: Mapping[str, Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self.execute, operation, request
        )

    def execute(self, operation: str, request: Mapping[str, Any]) -> Any:
        connection = self._connection()
        headers = {**HEADERS, "X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        try:
            connection.request("POST", "/", json.dumps(request), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (HTTPException, OSError) as error:
            connection.close()  # the next request opens it again
            raise NoAnswerError(type(error).__name__) from error
        if response.status != 200:
            raise _refusal(response.status, answer)
        return answer

    async def close(self) -> None:
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if not hasattr(self._here, "connection"):
            self._here.connection = HTTPConnection(self._host, timeout=PATIENCE)
            self._connections.append(self._here.connection)
        connection: HTTPConnection = self._here.connection
        return connection


def _refusal(status: int, answer: Mapping[str, Any]) -> RequestRefusedError:
    return RequestRefusedError(
        answer["__type"].rpartition("#")[2],
        answer.get("message") or answer.get("Message") or "",
        status=status,
        item=answer.get("Item"),
        reasons=answer.get("CancellationReasons", ()),
    )
