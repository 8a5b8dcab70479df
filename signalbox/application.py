"""The application: routers, namespaces, services and settings, put together."""

import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics

from connection_store import ConnectionManager
from signalbox.functions import sweeper
from signalbox.functions.websocket import Handler, make_handler
from signalbox.identity.aws_secrets import resolve_secrets
from signalbox.observability import logger, metrics, report_unexpected
from signalbox.realtime.attributes import Attributes, provide_attributes
from signalbox.realtime.context import tenant_services
from signalbox.realtime.delivery.delivery import RANDOM
from signalbox.realtime.hooks import ConnectHandler, DisconnectHandler, find_attributes
from signalbox.realtime.middleware import framework_middlewares
from signalbox.realtime.namespaces import Namespaces
from signalbox.realtime.policy import RECIPIENTS
from signalbox.realtime.publishing import BlockingPublisher, PerProcess, Publisher, moments, wall_clock
from signalbox.realtime.roles import Roles
from signalbox.realtime.routes import channels, failures, lifecycle, messages, presence, session
from signalbox.realtime.services import Connectors, TenantServices, build_services, connect
from signalbox.realtime.settings import RealtimeSettings
from signalbox.resolver import Context, RegistrationError, Router, WebSocketResolver
from signalbox.settings import Settings

INITIALIZATION = "AWS_LAMBDA_INITIALIZATION_TYPE"
"""Lambda's variable that tells whether a sandbox starts ahead of its first event, or because of it."""

_Function = TypeVar("_Function", bound=Callable[..., Any])

BUILT_IN = (lifecycle, session, presence, channels, messages)
"""The families of messages that every application has, unless it leaves them out."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """An application at work: the resolver that answers events, and the framework's services."""

    resolver: WebSocketResolver
    services: TenantServices


class Application:
    """A real-time backend. It is put together here, and answers events in the Lambda functions.

    - `namespaces` are the kinds of channels, and the roles that may use them.
    - `settings` is the class of the application's own environment variables.
    - `services` is a class, or a function that returns an object. Handlers get its attributes by type. It is
      made once in each sandbox, with the settings if it takes an argument.
    - `messages` says who may send a built-in message: roles, or None to leave the message out.
    - `recipients` are the users a role may write to directly, see `signalbox.realtime.policy`.
    - `error_receiver` hears every unexpected failure: `(error)` or `(event, error)`, async or not.

    >>> from signalbox import EVERYONE, Application, Namespace
    >>> app = Application(namespaces={"room": Namespace(allow_subscribe=EVERYONE)})
    >>> @app.on_message("greet", allow=EVERYONE)
    ... async def greet(body):
    ...     return {"type": "greeting", "text": f"Hello {body['name']}"}
    """

    def __init__(
        self,
        *,
        namespaces: Namespaces,
        settings: type[Settings] | None = None,
        services: Any = None,
        messages: Mapping[str, Roles | None] | None = None,
        recipients: Mapping[str, Roles] = RECIPIENTS,
        error_receiver: Callable[..., Any] | None = None,
    ) -> None:
        self.namespaces = namespaces
        self._settings = settings
        self._services = services
        self._allowed = dict(messages or {})
        self._recipients = recipients
        self._error_receiver = error_receiver
        self._router = Router()
        self._middlewares: list[Callable[..., Any]] = []

    def include_router(self, router: Router) -> None:
        """Take over what a router has registered so far. Its middlewares wrap its own handlers only."""
        self._router.include_router(router)

    def on_message(
        self, key: str, *, allow: Roles | None = None, rate: Any = None, reads: bool = False
    ) -> Callable[[_Function], _Function]:
        """Register the handler of messages whose `action` is `key`. See `Router.on_message`.

        A handler of a built-in message replaces the built-in one.
        """
        return self._router.on_message(key, allow=allow, rate=rate, reads=reads)

    def on_connect(self) -> Callable[[_Function], _Function]:
        """Register a handler of new connections. It may refuse, and may return `Attributes`."""
        return self._router.on_connect()

    def on_disconnect(self) -> Callable[[_Function], _Function]:
        """Register a handler of connections that ended. It runs at least once for each connection."""
        return self._router.on_disconnect()

    def middleware(self, middleware: _Function) -> _Function:
        """Wrap every event in a middleware, inside the framework's own."""
        self._middlewares.append(middleware)
        return middleware

    def exception_handler(self, kind: type[BaseException]) -> Callable[[_Function], _Function]:
        """Register the function that answers errors of a class. See `Router.exception_handler`."""
        return self._router.exception_handler(kind)

    def websocket(self) -> Handler:
        """Return the Lambda handler of the WebSocket API.

        Raises RegistrationError and SettingsError, each with one line that names file and function.
        """
        assembly = self.assemble()

        def warm() -> None:
            assembly.resolver.warm()
            if os.environ.get(INITIALIZATION, "on-demand") != "on-demand":
                assembly.services.connections.warm()

        return make_handler(assembly.resolver, warm)

    def sweeper(self) -> Handler:
        """Return the Lambda handler of the sweep, which ends connections that fell silent."""
        return sweeper.make_handler(self.assemble().services)

    def worker(self) -> Handler:
        """Return the Lambda handler of the queue, which delivers large broadcasts."""
        from signalbox.functions import worker  # only this function needs Powertools' batch processor

        return worker.make_handler(keep_rows=self._tells_ends)

    def publisher(
        self,
        *,
        tenant: str = "",
        seconds: float = 20.0,
        settings: RealtimeSettings | None = None,
        clock: Callable[[], int] = wall_clock,
    ) -> Publisher:
        """Return a Publisher for a process of your own with an event loop. A call takes `seconds` at most.

        Without `settings` it reads the variables that the functions have: TABLE_NAME, MANAGEMENT_ENDPOINT,
        AWS_REGION and FANOUT_QUEUE_URL. An application with `on_disconnect` handlers also needs its own
        settings, because a connection may end here. Nothing connects before the first call. Raises
        SettingsError.
        """
        settings = settings or RealtimeSettings.from_environment()

        def make() -> TenantServices:
            if self._tells_ends:
                return self.assemble(settings).services.of(tenant)
            return build_services(settings, connect(settings), self.namespaces, self._recipients).of(tenant)

        return Publisher(PerProcess(make), moments(seconds, clock))

    def blocking_publisher(self, **options: Any) -> BlockingPublisher:
        """Return a publisher for code without an event loop, such as a Django view or a cron job.

        The options are those of `publisher`.
        """
        return BlockingPublisher(self.publisher(**options))

    def assemble(
        self,
        settings: RealtimeSettings | None = None,
        connectors: Connectors | None = None,
        *,
        jitter: Callable[[], float] = RANDOM.random,
    ) -> Assembly:
        """Put the application together, by default as the environment says.

        Raises RegistrationError and SettingsError.
        """
        settings = settings or RealtimeSettings.from_environment()
        connectors = connectors or connect(settings)
        router = Router()
        router.include_router(self._router)
        on_connect, on_disconnect = router.take("$connect"), router.take("$disconnect")
        self._check(router)
        resolver = self._make_resolver(settings, find_attributes(on_connect))
        connecting = ConnectHandler([resolver.bind(each) for each in on_connect])
        ending = DisconnectHandler(
            [resolver.bind(each) for each in on_disconnect], resolver.make_context, self._reporter(settings)
        )
        services = build_services(
            settings,
            connectors,
            self.namespaces,
            self._recipients,
            on_end=ending.listener(lambda tenant: services.of(tenant)) if on_disconnect else None,
            jitter=jitter,
        )
        for middleware in (*framework_middlewares(services), *self._middlewares):
            resolver.middleware(middleware)
        resolver.on_connect()(connecting)
        resolver.on_disconnect()(ending)
        resolver.include_router(router)
        self._include_built_in(resolver)
        return Assembly(resolver, services)

    @property
    def _tells_ends(self) -> bool:
        return "$disconnect" in self._router.routes

    def _check(self, router: Router) -> None:
        for key in router.message_keys:
            (route,) = router.routes[key]
            if not isinstance(route.allow, frozenset | set):
                raise RegistrationError(
                    f"{route.call.place} answers {key!r} and does not say who may send it. "
                    "Add allow=, for example allow=EVERYONE"
                )

    def _make_resolver(
        self, settings: RealtimeSettings, attributes: type[Attributes] | None
    ) -> WebSocketResolver:
        own = self._own_settings()
        providers: dict[type, Callable[[Context], Any]] = {
            Publisher: _make_publisher,
            ConnectionManager: lambda context: tenant_services(context).connections,
            Logger: lambda _: logger,
            Metrics: lambda _: metrics,
            RealtimeSettings: lambda _: settings,
        }
        if self._settings:
            providers[self._settings] = lambda _: own()
        if attributes:
            providers[attributes] = provide_attributes(attributes)
        return WebSocketResolver(
            services=self._services,
            on_unexpected=self._reporter(settings),
            providers=providers,
            post=_post,
            argument=own,
        )

    def _own_settings(self) -> Callable[[], Settings | None]:
        given = self._settings.from_environment() if self._settings else None
        return lru_cache(lambda: given and resolve_secrets(given))

    def _include_built_in(self, resolver: WebSocketResolver) -> None:
        built_in = Router()
        for family in BUILT_IN:
            built_in.include_router(family.router)
        for key, allowed in self._allowed.items():
            if key not in built_in.message_keys:
                names = ", ".join(built_in.message_keys)
                raise RegistrationError(f"Application(messages=): there is no built-in {key!r}, only {names}")
            if allowed:
                built_in.change_route(key, allow=allowed)
            else:
                built_in.take(key)
        resolver.include_router(built_in, keep_existing=True)
        resolver.include_router(failures.router, keep_existing=True)

    def _reporter(self, settings: RealtimeSettings) -> Callable[[Context, BaseException], Awaitable[None]]:
        receiver = self._error_receiver

        async def report(context: Context, error: BaseException) -> None:
            report_unexpected(error, debug=settings.debug)
            if receiver is None:
                return
            takes_event = len(inspect.signature(receiver).parameters) > 1
            told = receiver(context.event.raw, error) if takes_event else receiver(error)
            if inspect.isawaitable(told):
                await told

        return report


def _make_publisher(context: Context) -> Publisher:
    return Publisher(lambda: tenant_services(context), lambda: context.moment)


async def _post(context: Context, frame: bytes) -> None:
    await tenant_services(context).delivery.post(context.event.connection_id, frame)
