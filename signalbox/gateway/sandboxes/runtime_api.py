"""Lambda's Runtime API for one sandbox, on a loopback port of its own.

Each sandbox has a port, because a runtime does not identify itself. A path prefix would break init errors.
Source: "Using the Lambda runtime API for custom runtimes", AWS Lambda Developer Guide.
"""

import asyncio
import json
import re
from collections.abc import Callable

from ..http.server import HttpProtocol, Request, Response
from .sandbox import MAX_PAYLOAD, Answer, Failure, Result

_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"
_OUTCOME = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")
# The header Lambda-Runtime-Function-XRay-Error-Cause has up to 1 MB of the error.
_MAX_HEAD = 4_194_304
_ACCEPTED = 0.01


class RuntimeApi:
    """Serves a runtime. Calls `loaded` with the result of its start, `settled` with that of each request."""

    def __init__(
        self, loaded: Callable[[Failure | None], None], settled: Callable[[str, Result], None]
    ) -> None:
        self._loaded = loaded
        self._settled = settled
        self._events: asyncio.Queue[Response] = asyncio.Queue()
        self._connections: set[_RuntimeConnection] = set()
        self._silent = asyncio.Event()
        self._silent.set()
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        """Listen. Return the address for AWS_LAMBDA_RUNTIME_API."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _RuntimeConnection(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def deliver(self, event: bytes, headers: dict[str, str]) -> None:
        """Answer the next poll of the runtime with an event."""
        content = ("Content-Type", "application/json")
        self._events.put_nowait(Response(200, event, (content, *headers.items())))

    async def drained(self) -> None:
        """Wait until an ended runtime has closed its connections."""
        # A connection made just before may not be accepted yet.
        await asyncio.sleep(_ACCEPTED)
        await self._silent.wait()

    async def close(self) -> None:
        """Stop listening and abort every connection."""
        if self._server is not None:
            self._server.close()
            for connection in self._connections:
                connection.abort()
            await self._silent.wait()
            await self._server.wait_closed()

    async def respond(self, request: Request) -> Response:
        """Answer one call. Results always get 202, because the runtime exits at any other status."""
        if (request.method, request.target) == ("GET", _NEXT):
            self._loaded(None)
            return await self._events.get()
        if (request.method, request.target) == ("POST", _INIT_ERROR):
            self._loaded(_init_failure(request))
            return Response(202)
        if request.method == "POST" and (match := _OUTCOME.fullmatch(request.target)):
            self._settled(match[1], _result(match[2], request.body))
            return Response(202)
        return Response(404)

    def opened(self, connection: "_RuntimeConnection") -> None:
        """Register a new connection of the runtime."""
        self._connections.add(connection)
        self._silent.clear()

    def closed(self, connection: "_RuntimeConnection") -> None:
        """Remove a closed connection of the runtime."""
        self._connections.discard(connection)
        if not self._connections:
            self._silent.set()


class _RuntimeConnection(HttpProtocol):
    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(api.respond, max_head=_MAX_HEAD, max_body=MAX_PAYLOAD, truncate_body=True)
        self._api = api

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._api.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._api.closed(self)


def _result(outcome: str, body: bytes) -> Result:
    if len(body) > MAX_PAYLOAD:
        return Failure("too_large", "Function.ResponseSizeTooLarge")
    return Answer(body) if outcome == "response" else _failure(body)


def _init_failure(request: Request) -> Failure:
    error_type = request.headers.get("Lambda-Runtime-Function-Error-Type", "Error")
    try:
        message = str(json.loads(request.body)["errorMessage"])
    except (ValueError, LookupError, TypeError):
        message = ""
    return Failure("init", error_type, message=message)


def _failure(body: bytes) -> Failure:
    try:
        error = json.loads(body)
        return Failure("error", str(error["errorType"]), error.get("errorMessage") == "Unauthorized")
    except (ValueError, LookupError, TypeError):
        return Failure("error", "Error")
