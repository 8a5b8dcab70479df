"""The lifecycle of a connection: handshake with `$connect`, messages, and `$disconnect` at the end."""

import asyncio
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from ..authorizer.authorizer import Authorizer
from ..config import Config
from ..events import frames
from ..events.answers import HandshakeDecision, handshake_decision_from, reply_from, verdict_of
from ..events.events import EventWriter
from ..events.ids import IdGenerator
from ..events.routes import Routes
from ..events.selection import RouteSelection
from ..http.incoming import IncomingConnection
from ..log import record
from ..sandboxes.sandbox import Answer
from .connections import Connection, Connections
from .expiry import GOING_AWAY, ExpiryTimer
from .integration import Integration
from .rate_limit import RateLimiter

CLOSED_BY_API = (1000, "Connection Closed Normally")
"""The close code and reason after `DELETE @connections` (W64)."""
_BINARY_REFUSED = (1003, "")
_DROPPED = (1006, "")
_THROTTLED = "throttled"
_NO_STATUS = (1005, "Client-side close frame status not set")
_KNOWN_STATUSES = frozenset(HTTPStatus)


class Lifecycle:
    """The lifecycle of the clients of one stage. `integrations` has the function behind each route.

    `now` is the clock in epoch milliseconds. `clock_rate` is the number of its seconds in one second of the
    wall clock.
    """

    def __init__(
        self,
        config: Config,
        connections: Connections,
        ids: IdGenerator,
        events: EventWriter,
        integrations: Mapping[str, Integration],
        authorizer: Authorizer | None,
        rate_limiter: RateLimiter,
        now: Callable[[], int],
        clock_rate: float,
    ) -> None:
        self._config = config
        self._connections = connections
        self._ids = ids
        self._events = events
        self._integrations = integrations
        self._authorizer = authorizer
        self._rate_limiter = rate_limiter
        self._now = now
        self._clock_rate = clock_rate
        self._routes = Routes(config.routes, RouteSelection(config.route_selection))
        self._tasks: set[asyncio.Task[None]] = set()

    async def admit(self, incoming: IncomingConnection, request: Request) -> Response | None:
        """Decide on a handshake. Return None to accept it, or the answer that refuses it (W48-W51)."""
        if not self._rate_limiter.admits("$connect"):
            record("", "$connect", 429, _THROTTLED)
            return refusal(HTTPStatus.TOO_MANY_REQUESTS, b'{"message":"Too Many Requests"}')
        connection = self._connection(incoming, request)
        decision = await self._connect(connection, request.path.partition("?")[2], request.headers)
        if not decision.granted:
            return refusal(decision.status)
        if incoming.state is not State.CONNECTING or not incoming.server.is_serving():
            await self._disconnect(connection, _DROPPED)
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE)
        connection.subprotocol = decision.subprotocol
        incoming.connection = connection
        return None

    def complete_handshake(self, incoming: IncomingConnection, _request: Request, response: Response) -> None:
        """Complete the 101 of an accepted handshake. From now on the client can get posts (W22, W57)."""
        connection = incoming.connection
        if connection is None:
            return
        if connection.subprotocol:
            response.headers["Sec-WebSocket-Protocol"] = connection.subprotocol
            incoming.protocol.subprotocol = Subprotocol(connection.subprotocol)
        self._connections.add(connection)
        # The library forgets a client that is gone before its 101 is written, so this task is separate.
        incoming.task = asyncio.create_task(self._run_connection(incoming, connection))
        self._tasks.add(incoming.task)
        incoming.task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel the tasks of the connections that are still open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connection(self, incoming: IncomingConnection, request: Request) -> Connection:
        now = self._now()
        agents = request.headers.get_all("User-Agent")
        return Connection(
            id=self._ids.connection(),
            connected_at=now,
            source_ip=incoming.source_ip,
            user_agent=agents[-1] if agents else None,
            socket=incoming,
            last_active=now,
        )

    async def _connect(self, connection: Connection, query: str, headers: Headers) -> HandshakeDecision:
        if "$connect" not in self._integrations:
            return HandshakeDecision(HTTPStatus.OK)
        if self._authorizer is not None:
            asked = self._events.authorization(connection, query, headers.raw_items())
            authorization = await self._authorizer.authorize(asked)
            if authorization.status != HTTPStatus.OK:
                return HandshakeDecision(authorization.status)
            connection.authorizer = authorization.context
        event = self._events.connect(connection, query, headers.raw_items())
        invocation = await self._integrations["$connect"].call(event)
        decision = handshake_decision_from(invocation.result)
        invocation.record(connection.id, "$connect", decision.status, decision.verdict)
        return decision

    async def _run_connection(self, incoming: IncomingConnection, connection: Connection) -> None:
        expiry = ExpiryTimer(connection, self._config.limits, self._now, self._clock_rate)
        try:
            async with asyncio.TaskGroup() as messages:
                try:
                    await self._receive(incoming, connection, messages)
                except ConnectionClosed as closed:
                    # Running messages may outlast their connection, so nobody waits for them here (W81).
                    await self._disconnect(connection, _cause(closed))
        finally:
            expiry.end()
            self._connections.remove(connection)

    async def _receive(
        self, incoming: IncomingConnection, connection: Connection, messages: asyncio.TaskGroup
    ) -> None:
        """Dispatch messages concurrently (W80), until the connection closes."""
        places = asyncio.Semaphore(self._config.limits.messages_in_flight)
        while True:
            body = await incoming.recv()
            if incoming.close_started:
                continue
            connection.last_active = self._now()
            if isinstance(body, bytes):
                incoming.start_close(*_BINARY_REFUSED)
                continue
            await places.acquire()
            message = messages.create_task(self._deliver(connection, body))
            message.add_done_callback(lambda _: places.release())

    async def _deliver(self, connection: Connection, body: str) -> None:
        route = self._routes.select(body)
        if not self._rate_limiter.admits(route):
            self._reply(connection, frames.too_many_requests(connection.id, self._ids.request()))
            record(connection.id, route or "-", 429, _THROTTLED)
            return
        if route is None:
            self._reply(connection, frames.forbidden(connection.id, self._ids.request()))
            record(connection.id, "-", 403, "no route")
            return
        event = self._events.message(connection, route, body)
        invocation = await self._integrations[route].call(event)
        reply = reply_from(
            invocation.result, event, route in self._config.two_way, self._config.limits.message
        )
        verdict = reply.verdict
        if reply.frame and not self._reply(connection, reply.frame):
            verdict = "reply dropped: the client does not read"
        invocation.record(connection.id, route, reply.status, verdict)

    def _reply(self, connection: Connection, frame: bytes) -> bool:
        sent = connection.socket.reply(frame)
        if sent:
            connection.last_active = self._now()
        return sent

    async def _disconnect(self, connection: Connection, cause: tuple[int, str]) -> None:
        if "$disconnect" not in self._integrations:
            return
        invocation = await self._integrations["$disconnect"].call(self._events.disconnect(connection, *cause))
        status = 200 if isinstance(invocation.result, Answer) else 502
        verdict = f"{verdict_of(invocation.result)}, closed with {cause[0]}"
        invocation.record(connection.id, "$disconnect", status, verdict)


def refusal(status: int, body: bytes = b"") -> Response:
    """Return an answer that refuses a handshake. Only the status comes from the function (W53)."""
    phrase = HTTPStatus(status).phrase if status in _KNOWN_STATUSES else ""
    headers = Headers(
        {"Date": formatdate(usegmt=True), "Content-Length": str(len(body)), "Connection": "close"}
    )
    if body:
        headers["Content-Type"] = "application/json"
    return Response(status, phrase, headers, body)


def _cause(closed: ConnectionClosed) -> tuple[int, str]:
    """Return the code and reason for `$disconnect`, from the side that closed first (W61-W65)."""
    if closed.rcvd is not None and closed.rcvd_then_sent:
        return _NO_STATUS if closed.rcvd.code == _NO_STATUS[0] else (closed.rcvd.code, closed.rcvd.reason)
    if closed.sent is not None:
        # From 1002 on the library has reasons of its own, on which no code should rely.
        return closed.sent.code, closed.sent.reason if closed.sent.code <= GOING_AWAY[0] else ""
    return _DROPPED
