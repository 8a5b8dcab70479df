"""Which handler an event goes to, and what is wrapped around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .context import Context
from .errors import BadRequestError, RegistrationError, TooLargeError, UnknownRouteError
from .event import ConnectEvent, DisconnectEvent, MessageEvent
from .middleware import Middleware, Next, adapt, compose
from .parameters import Call, Function
from .services import Services

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"

_SCOPES = {CONNECT: (ConnectEvent,), DISCONNECT: (DisconnectEvent,)}

_Function = TypeVar("_Function", bound=Function)
_ErrorType = type[BaseException]


@dataclass(frozen=True, slots=True)
class Route:
    """A handler, and the middlewares of the routers it came through, outermost first."""

    call: Call
    middlewares: tuple[Middleware, ...] = ()


class Router:
    """Handlers, middlewares and exception handlers that belong together.

    A router checks what it can of a handler; services are known to, and checked by, the resolver around it.
    """

    _services: Services | None = None

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._middlewares: list[Middleware] = []
        self._exception_handlers: dict[_ErrorType, Call] = {}
        self._endpoints: dict[str | None, Next] = {}

    def on_connect(self) -> Callable[[_Function], _Function]:
        """The handler of new connections. Without one they are accepted, unless a middleware refuses."""
        return self._register(CONNECT)

    def on_disconnect(self) -> Callable[[_Function], _Function]:
        """The handler of connections that ended."""
        return self._register(DISCONNECT)

    def on_default(self) -> Callable[[_Function], _Function]:
        """The handler of messages that no other handler takes, texts that are not JSON included."""
        return self._register(DEFAULT)

    def on_message(self, key: str) -> Callable[[_Function], _Function]:
        """The handler of messages whose `action`, or whose route in API Gateway, is `key`.

        Raises RegistrationError for a key that is empty or begins with `$`, which API Gateway reserves (W74).
        """
        if not isinstance(key, str) or not key or key.startswith("$"):
            raise RegistrationError(
                f"{key!r} is no key of a message: use a string that does not begin with $"
            )
        return self._register(key)

    def middleware(self, middleware: _Function) -> _Function:
        """Wrap this router's routes in a middleware, inside those registered before.

        It is `async (context, call_next)` or the classic `async (event, context, next_handler)`, see `adapt`.
        """
        self._middlewares.append(adapt(middleware))
        self._endpoints.clear()
        return middleware

    def exception_handler(self, kind: _ErrorType) -> Callable[[_Function], _Function]:
        """The function that answers errors of a class; the most specific class wins.

        It may ask for the `error` beside what every handler can ask for, and returns a reply or raises a
        RealtimeError. On `$connect` only an Accept or a dict with `statusCode` counts as a reply, so that no
        error opens a connection by accident.
        """
        if not isinstance(kind, type) or not issubclass(kind, BaseException):
            raise RegistrationError(f"exception_handler needs a class of errors, not {kind!r}")

        def register(function: _Function) -> _Function:
            self._add_exception_handler(kind, Call(function, (*_EVENTS, kind), self._services))
            return function

        return register

    def include_router(self, router: "Router") -> None:
        """Take over what a router has registered so far; what it registers later is not taken over.

        Its middlewares wrap its own routes only, inside this router's; its exception handlers join this
        router's. Raises RegistrationError for a route or a class of errors that already has a handler.
        """
        for key, route in router._routes.items():
            middlewares = (*router._middlewares, *route.middlewares)
            self._add_route(key, Route(route.call.bound_to(self._services), middlewares))
        for kind, call in router._exception_handlers.items():
            self._add_exception_handler(kind, call.bound_to(self._services))

    @property
    def message_keys(self) -> tuple[str, ...]:
        """The keys of the messages that have a handler of their own."""
        return tuple(key for key in self._routes if not key.startswith("$"))

    def match(self, context: Context) -> Next:
        """What answers the event, middlewares included; sets the context's `route_key`.

        A message goes where API Gateway matched it to, else by the `action` of its body, else to `$default`,
        else it is refused. One that is too large never reaches a handler.
        """
        if not self._endpoints:
            self._endpoints = {key: self._wrap(route) for key, route in self._routes.items()}
            self._endpoints[None] = self._wrap(_FALLBACK)
        context.route_key = next((key for key in _list_keys(context) if key in self._routes), None)
        return self._endpoints[context.route_key]

    def _register(self, key: str) -> Callable[[_Function], _Function]:
        def register(function: _Function) -> _Function:
            scope = _SCOPES.get(key, (MessageEvent,))
            self._add_route(key, Route(Call(function, scope, self._services)))
            return function

        return register

    def _add_route(self, key: str, route: Route) -> None:
        if known := self._routes.get(key):
            raise RegistrationError(f"{route.call}: {key!r} already goes to {known.call}")
        self._routes[key] = route
        self._endpoints.clear()

    def _add_exception_handler(self, kind: _ErrorType, call: Call) -> None:
        if known := self._exception_handlers.get(kind):
            raise RegistrationError(f"{call}: {kind.__name__} is already answered by {known}")
        self._exception_handlers[kind] = call

    def _wrap(self, route: Route) -> Next:
        return compose(route.call, (*self._middlewares, *route.middlewares))


async def _fall_back(context: Context) -> None:
    if isinstance(context.event, MessageEvent):
        if not isinstance(context.body, dict):
            raise BadRequestError("a message is a JSON object")
        raise UnknownRouteError("no handler for the action")


_EVENTS = (ConnectEvent, MessageEvent, DisconnectEvent)
_FALLBACK = Route(Call(_fall_back, _EVENTS))


def _list_keys(context: Context) -> tuple[str, ...]:
    event = context.event
    if not isinstance(event, MessageEvent):
        return (CONNECT if isinstance(event, ConnectEvent) else DISCONNECT,)
    try:
        body = context.body
    except TooLargeError:
        return ()
    except BadRequestError:
        body = None
    action = body.get("action") if isinstance(body, dict) else None
    named = (key for key in (event.route_key, action) if isinstance(key, str) and not key.startswith("$"))
    return (*named, DEFAULT)
