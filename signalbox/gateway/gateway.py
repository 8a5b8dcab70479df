"""The gateway: one listening socket with one or more stages behind it."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import websockets.http11 as handshakes
from websockets.asyncio.server import serve

from .authorizer.authorizer import Authorizer
from .errors import PortTakenError
from .events.events import EventWriter
from .events.ids import IdGenerator
from .hooks import Hooks
from .http.incoming import IncomingConnection
from .http.management import ManagementApi
from .http.server import HttpProtocol, Request, Response
from .http.signature import SignatureVerifier
from .http.static_files import StaticFiles
from .log import record
from .sockets.expiry import GOING_AWAY
from .sockets.integration import Integration, Invoke
from .sockets.lifecycle import Lifecycle, refusal
from .sockets.rate_limit import RateLimiter
from .stage import Stage

if TYPE_CHECKING:
    from .faults.plan import FaultPlan

_BACKLOG = 1024
_MAX_TARGET = 4_096


def wall_clock() -> int:
    """Return the time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class StageAddress:
    """The URLs of a stage: for clients, and the `@connections` endpoint for an SDK (W29)."""

    websocket_url: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class _RunningStage:
    path: str
    lifecycle: Lifecycle
    management: ManagementApi


class Gateway:
    """Stages of WebSocket APIs in front of any callables. An async context manager.

    Address, limits, page and credentials are those of the first stage. `now` is the clock in epoch
    milliseconds, `entropy(n)` returns n random bytes, `faults` is a plan of faults to inject. Raises
    PortTakenError on entry.
    """

    def __init__(
        self,
        *stages: Stage[Invoke],
        now: Callable[[], int] = wall_clock,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
        faults: "FaultPlan | None" = None,
    ) -> None:
        self.hooks = _hooks(faults, now)
        self._config = stages[0].config
        self._stages = stages
        self._integrations: list[Integration] = []
        self._now = self.hooks.now
        self._entropy = entropy
        self._transports: WeakSet[asyncio.Transport] = WeakSet()

    @property
    def stages(self) -> Mapping[str, StageAddress]:
        """The URLs of each stage, by its path."""
        paths = [stage.config.path for stage in self._stages]
        return {
            path: StageAddress(f"ws://{self._domain}/{path}", f"http://{self._domain}/{path}")
            for path in paths
        }

    @property
    def websocket_url(self) -> str:
        """The URL of the first stage, for clients."""
        return self.stages[self._config.path].websocket_url

    @property
    def endpoint(self) -> str:
        """The `@connections` endpoint of the first stage."""
        return self.stages[self._config.path].endpoint

    @property
    def page_url(self) -> str:
        """The URL of the page, for a browser."""
        return f"http://{self._domain}/"

    @property
    def connections(self) -> Mapping[tuple[str, int], str]:
        """The id of every open connection, by the (host, port) of its client."""
        protocols = [transport.get_protocol() for transport in list(self._transports)]
        return {
            client.remote_address[:2]: client.connection.id
            for client in protocols
            if isinstance(client, IncomingConnection) and client.connection and client.is_open
        }

    async def __aenter__(self) -> Self:
        """Start to listen."""
        listener = self._bind()
        self._domain = _address(self._config.host, listener.getsockname()[1])
        ids = IdGenerator(self._now, self._entropy)
        self._running = [self._serve(stage, ids) for stage in self._stages]
        self._pages = StaticFiles(self._config.page, f"ws://{self._domain}", self._config.page_mounts)
        self._server = await serve(sock=listener, **self._websocket_options())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection with 1001, and stop after the close grace at the latest."""
        code, reason = GOING_AWAY
        # A socket that asyncio has accepted, but has no transport for yet, would leak when the server closes.
        for listener in self._server.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        await asyncio.sleep(0)
        self._server.close(code=code, reason=reason)
        self._abort(plain_only=True)
        try:
            async with asyncio.timeout(self._config.limits.close_grace):
                await self._server.wait_closed()
        except TimeoutError:
            self._abort()
            for task in self._server.handler_tasks:
                task.cancel()
            await self._server.wait_closed()
        # That socket had no transport yet when the others were aborted.
        self._abort()
        for running in self._running:
            await running.lifecycle.close()
        for integration in self._integrations:
            await integration.close()
        await self.hooks.close()

    def _bind(self) -> socket.socket:
        config = self._config
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        try:
            return socket.create_server((config.host, config.port), family=family)
        except OSError as error:
            complaint = f"cannot listen on {_address(config.host, config.port)}: {error.strerror}"
            # The socket module repeats the address.
            raise PortTakenError(complaint.partition(" (while")[0]) from error

    def _serve(self, stage: Stage[Invoke], ids: IdGenerator) -> _RunningStage:
        config, connections = stage.config, self.hooks.connections()

        def integrate(invoke: Invoke, route: str = "") -> Integration:
            timeout = config.integration_timeouts.get(route, config.limits.integration_timeout)
            integration = Integration(invoke, timeout, ids.invocation)
            self._integrations.append(integration)
            return integration

        integrations = {
            route: integrate(self.hooks.invoke(invoke), route) for route, invoke in stage.routes.items()
        }
        authorizer = stage.authorizer and Authorizer(integrate(stage.authorizer), config.identity_sources)
        rate_limiter = RateLimiter(config.throttle, config.route_throttles, self._now)
        events, clock_rate = EventWriter(config, self._domain, ids, self._now), self.hooks.clock_rate
        return _RunningStage(
            f"/{config.path}",
            Lifecycle(
                config,
                connections,
                ids,
                events,
                integrations,
                authorizer,
                rate_limiter,
                self._now,
                clock_rate,
            ),
            ManagementApi(connections, rate_limiter, self._signatures(), config.limits.message, self._now),
        )

    def _signatures(self) -> SignatureVerifier | None:
        config = self._config
        return SignatureVerifier(config.credentials, config.region, self._now) if config.credentials else None

    def _websocket_options(self) -> dict[str, Any]:
        limits = self._config.limits
        return {
            "handler": _wait_for_end,
            "process_request": self._admit,
            "process_response": self._complete_handshake,
            "create_connection": partial(
                IncomingConnection, limits=limits, http=self._http, transports=self._transports
            ),
            "max_size": (limits.message, limits.frame),
            "backlog": _BACKLOG,
            # API Gateway sends no pings (W79) and negotiates no compression (W59).
            "compression": None,
            "ping_interval": None,
            # It would end a slow `$connect`. The head has a timeout of its own.
            "open_timeout": None,
            "close_timeout": limits.close_grace,
            "server_header": None,
        }

    def _http(self) -> HttpProtocol:
        limits = self._config.limits
        return HttpProtocol(
            self.hooks.respond(self._respond),
            max_body=limits.message,
            truncate_body=True,
            request_timeout=limits.head_timeout,
        )

    def _stage_at(self, path: str) -> _RunningStage | None:
        """Return the stage at or above a path."""
        return next((running for running in self._running if f"{path}/".startswith(f"{running.path}/")), None)

    async def _admit(
        self, incoming: IncomingConnection, request: handshakes.Request
    ) -> handshakes.Response | None:
        # The library checks the handshake after this hook, but a function must never get an invalid one.
        handshake = incoming.protocol.accept(request)
        if handshake.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            record("", "$connect", handshake.status_code, "no handshake")
            return handshake
        if len(request.path) > _MAX_TARGET:
            record("", "$connect", HTTPStatus.REQUEST_URI_TOO_LONG, "URL too long")
            return refusal(HTTPStatus.REQUEST_URI_TOO_LONG)
        path = request.path.partition("?")[0].removesuffix("/")
        running = self._stage_at(path)
        if running is None or path != running.path:
            record("", "$connect", HTTPStatus.FORBIDDEN, "no such stage")
            return refusal(HTTPStatus.FORBIDDEN, b'{"message":"Forbidden"}')
        return await running.lifecycle.admit(incoming, request)

    def _complete_handshake(
        self, incoming: IncomingConnection, request: handshakes.Request, response: handshakes.Response
    ) -> None:
        if running := self._stage_at(request.path.partition("?")[0]):
            running.lifecycle.complete_handshake(incoming, request, response)

    async def _respond(self, request: Request) -> Response:
        path = request.target.partition("?")[0]
        if running := self._stage_at(path):
            return running.management.respond(request, path.removeprefix(running.path))
        page = await asyncio.to_thread(self._pages.respond, request.method, path)
        if page.status == HTTPStatus.FORBIDDEN:
            record("", "page", HTTPStatus.FORBIDDEN, "no such file or stage")
        return page

    def _abort(self, *, plain_only: bool = False) -> None:
        for transport in list(self._transports):
            protocol = transport.get_protocol()
            if not (plain_only and isinstance(protocol, IncomingConnection) and protocol.upgraded):
                transport.abort()


async def _wait_for_end(incoming: IncomingConnection) -> None:
    # The headers are not needed any more, and they are a quarter of the memory of an idle connection.
    if incoming.request is not None:
        incoming.request.headers.clear()
    incoming.response = None
    if incoming.task is not None:
        await incoming.task


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _hooks(plan: "FaultPlan | None", now: Callable[[], int]) -> Hooks:
    if plan is None:
        return Hooks(now)
    from .faults.hooks import FaultHooks

    return FaultHooks(plan, now)
