"""The gateway: one listening socket, and everything behind it put together."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from websockets.asyncio.server import serve

from .authorizer import Authorizer
from .config import Config
from .connections import Connections
from .errors import ConfigError, PortTakenError
from .events import Events
from .front import Front
from .http import HttpProtocol, Request, Response
from .ids import Ids
from .integration import Integration, Invoke
from .lifecycle import Lifecycle
from .lifespan import GOING_AWAY
from .management import Management
from .pages import Pages
from .signature import Signatures
from .throttling import Throttling

_BACKLOG = 1024


def wall_clock() -> int:
    """Now, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Gateway:
    """A WebSocket API in front of any `invoke`. An async context manager; raises PortTakenError on entry.

    `authorize` runs the configured authorizer, and ConfigError is raised for one without the other. `now` is
    the clock in epoch milliseconds, `entropy(n)` returns n random bytes.
    """

    def __init__(
        self,
        config: Config,
        invoke: Invoke,
        *,
        authorize: Invoke | None = None,
        now: Callable[[], int] = wall_clock,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        if (authorize is None) != (config.authorizer is None):
            raise ConfigError("an authorizer must be both configured and there to be asked")
        self._config = config
        self._integrations: list[Integration] = []
        self._invoke = invoke
        self._authorize = authorize
        self._now = now
        self._entropy = entropy
        self._lines: WeakSet[asyncio.Transport] = WeakSet()

    @property
    def websocket_url(self) -> str:
        """Where clients connect."""
        return f"ws://{self._domain}/{self._config.stage}"

    @property
    def endpoint(self) -> str:
        """What an SDK takes as the endpoint of the `@connections` API (W29)."""
        return f"http://{self._domain}/{self._config.stage}"

    @property
    def page_url(self) -> str:
        """Where a browser finds the page."""
        return f"http://{self._domain}/"

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        listener = self._bind()
        config, connections, ids = self._config, Connections(), Ids(self._now, self._entropy)
        self._domain = _address(config.host, listener.getsockname()[1])
        integration = self._integrate(self._invoke, ids)
        throttling = Throttling(config.throttle, config.route_throttles, self._now)
        events = Events(config, self._domain, ids, self._now)
        self._lifecycle = Lifecycle(
            config, connections, ids, events, integration, self._authorizer(ids), throttling, self._now
        )
        self._management = Management(
            connections, throttling, self._signatures(), config.limits.message, self._now
        )
        self._pages = Pages(config.page, f"ws://{self._domain}")
        self._server = await serve(sock=listener, **self._websocket_options())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection with 1001, and stop within the close grace whatever the clients do."""
        code, reason = GOING_AWAY
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
        await self._lifecycle.close()
        for integration in self._integrations:
            await integration.close()

    def _bind(self) -> socket.socket:
        config = self._config
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        try:
            return socket.create_server((config.host, config.port), family=family)
        except OSError as error:
            complaint = f"cannot listen on {_address(config.host, config.port)}: {error.strerror}"
            # The socket module says the address once more.
            raise PortTakenError(complaint.partition(" (while")[0]) from error

    def _integrate(self, invoke: Invoke, ids: Ids) -> Integration:
        integration = Integration(invoke, self._config.limits.integration_timeout, ids.invocation)
        self._integrations.append(integration)
        return integration

    def _authorizer(self, ids: Ids) -> Authorizer | None:
        if self._authorize is None:
            return None
        return Authorizer(self._integrate(self._authorize, ids), self._config.identity_sources)

    def _signatures(self) -> Signatures | None:
        config = self._config
        return Signatures(config.credentials, config.region, self._now) if config.credentials else None

    def _websocket_options(self) -> dict[str, Any]:
        limits = self._config.limits
        return {
            "handler": _last_as_long,
            "process_request": self._lifecycle.admit,
            "process_response": self._lifecycle.welcome,
            "create_connection": partial(Front, limits=limits, http=self._http, lines=self._lines),
            "max_size": (limits.message, limits.frame),
            "backlog": _BACKLOG,
            # API Gateway sends no pings (W79) and negotiates no compression (W59).
            "compression": None,
            "ping_interval": None,
            # It would cut a slow `$connect` off; the head has a timeout of its own.
            "open_timeout": None,
            "close_timeout": limits.close_grace,
            "server_header": None,
        }

    def _http(self) -> HttpProtocol:
        return HttpProtocol(self._respond, max_body=self._config.limits.message, cut_body=True)

    async def _respond(self, request: Request) -> Response:
        path = request.target.partition("?")[0]
        stage = f"/{self._config.stage}"
        if path == stage or path.startswith(f"{stage}/"):
            return self._management.respond(request, path.removeprefix(stage))
        return await asyncio.to_thread(self._pages.respond, request.method, path)

    def _abort(self, *, plain_only: bool = False) -> None:
        for transport in list(self._lines):
            protocol = transport.get_protocol()
            if not (plain_only and isinstance(protocol, Front) and protocol.upgraded):
                transport.abort()


async def _last_as_long(front: Front) -> None:
    if front.life is not None:
        await front.life


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
