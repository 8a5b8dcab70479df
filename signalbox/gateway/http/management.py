"""The `@connections` API, which is served below a stage (W12-W28)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import unquote

from ..events.ids import is_connection_id
from ..log import record
from ..sockets.connections import Connection, Connections
from ..sockets.lifecycle import CLOSED_BY_API
from ..sockets.rate_limit import RateLimiter
from .server import Request, Response
from .signature import SignatureVerifier

_ERROR_TYPE = "x-amzn-ErrorType"


class ManagementApi:
    """Posts to, describes and closes connections, within the limits of the rate limiter.

    With `signatures`, each call needs a valid signature (W13). `max_message` is in bytes. `now` is the clock
    in epoch milliseconds.
    """

    def __init__(
        self,
        connections: Connections,
        rate_limiter: RateLimiter,
        signatures: SignatureVerifier | None,
        max_message: int,
        now: Callable[[], int],
    ) -> None:
        self._connections = connections
        self._rate_limiter = rate_limiter
        self._signatures = signatures
        self._max_message = max_message
        self._now = now

    def respond(self, request: Request, path: str) -> Response:
        """Answer a request. `path` follows the stage, and may be percent-encoded (W14)."""
        match [unquote(segment) for segment in path.split("/")]:
            case ["", "@connections", connection_id] if request.method in ("GET", "POST", "DELETE"):
                response = self._on_connection(request, connection_id)
                if response.status >= HTTPStatus.BAD_REQUEST:
                    _record(request.method, connection_id, response)
                return response
            case _ if request.method in ("GET", "HEAD"):
                record("", request.method, HTTPStatus.UPGRADE_REQUIRED, "no handshake")
                return Response(HTTPStatus.UPGRADE_REQUIRED, headers=(("Upgrade", "websocket"),))
        record("", "@connections", HTTPStatus.NOT_FOUND, "no such path or method")
        text = f"No method found matching route {path.lstrip('/')} for http method {request.method}."
        return _error(HTTPStatus.NOT_FOUND, "NotFoundException", text)

    def _on_connection(self, request: Request, connection_id: str) -> Response:
        if self._signatures and (refusal := self._check(request, self._signatures)):
            return refusal
        if not is_connection_id(connection_id):
            return _error(
                HTTPStatus.BAD_REQUEST, "BadRequestException", f"Invalid connectionId: {connection_id}"
            )
        return self._carry_out(request, connection_id)

    def _check(self, request: Request, signatures: SignatureVerifier) -> Response | None:
        if len(request.body) > self._max_message:
            # The body was truncated, so its signature cannot be verified.
            return _too_large()
        complaint = signatures.complaint(request)
        return None if complaint is None else _error(HTTPStatus.FORBIDDEN, "ForbiddenException", complaint)

    def _carry_out(self, request: Request, connection_id: str) -> Response:
        if not self._rate_limiter.admits():
            return _error(HTTPStatus.TOO_MANY_REQUESTS, "LimitExceededException")
        connection = self._connections.find(connection_id)
        if connection is None:
            return _error(HTTPStatus.GONE, "GoneException")
        match request.method:
            case "POST":
                return self._post(connection, request.body)
            case "DELETE":
                connection.socket.start_close(*CLOSED_BY_API)
                return Response(HTTPStatus.NO_CONTENT)
        return _json(HTTPStatus.OK, _description(connection))

    def _post(self, connection: Connection, data: bytes) -> Response:
        if len(data) > self._max_message:
            return _too_large()
        if not _is_text(data):
            return _error(HTTPStatus.BAD_REQUEST, "BadRequestException", "Data is not UTF-8")
        if not connection.socket.push(data):
            return _error(HTTPStatus.TOO_MANY_REQUESTS, "LimitExceededException")
        connection.last_active = self._now()
        return Response(HTTPStatus.OK)


def _record(method: str, connection_id: str, refusal: Response) -> None:
    known = connection_id if is_connection_id(connection_id) else ""
    record(known, method, refusal.status, dict(refusal.headers)[_ERROR_TYPE])


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _description(connection: Connection) -> dict[str, object]:
    """Return the body of a GET (W16). `userAgent` is absent when the client sent none."""
    identity = {"sourceIp": connection.source_ip}
    if connection.user_agent is not None:
        identity["userAgent"] = connection.user_agent
    return {
        "connectedAt": _iso(connection.connected_at),
        "identity": identity,
        "lastActiveAt": _iso(connection.last_active),
    }


def _iso(milliseconds: int) -> str:
    instant = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(status: int, kind: str, message: str | None = None) -> Response:
    """Return an error for SDKs: its type in a header, and a body only for a message (W18, W19)."""
    named = ((_ERROR_TYPE, kind),)
    return Response(status, headers=named) if message is None else _json(status, {"message": message}, named)


def _too_large() -> Response:
    return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "PayloadTooLargeException", "Message too long")


def _json(status: int, content: object, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, json.dumps(content).encode(), (("Content-Type", "application/json"), *headers))
