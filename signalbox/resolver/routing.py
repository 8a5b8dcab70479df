"""Routing: finds the handler of an event, with its middlewares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .context import Context
from .errors import BadRequestError, RegistrationError, TooLargeError, UnknownRouteError
from .event import ConnectEvent, DisconnectEvent, MessageEvent
from .middleware import Middleware, Next, adapt, compose
from .parameters import Call, Function
from .response import is_refusal
from .services import Services

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"

_SCOPES = {CONNECT: (ConnectEvent,), DISCONNECT: (DisconnectEvent,)}

_Function = TypeVar("_Function", bound=Function)
_ErrorType = type[BaseException]


@dataclass(frozen=True, slots=True)
class Route:
    """A handler, and the middlewares of the routers it came through, outermost first.

    `allow`, `rate` and `reads` are kept as `on_message` was given them: middlewares give them a meaning.
    """

    call: Call
    middlewares: tuple[Middleware, ...] = ()
    allow: Any = None
    rate: Any = None
    reads: bool = False


class Router:
    """A group of handlers, middlewares and exception handlers.

    A router checks its handlers at registration. The resolver knows the services, and checks those.
    """

    _services: Services | None = None

    def __init__(self) -> None:
        self._routes: dict[str, list[Route]] = {}
        self._middlewares: list[Middleware] = []
        self._exception_handlers: dict[_ErrorType, Call] = {}
        self._endpoints: dict[str | None, Next] = {}

    def on_connect(self) -> Callable[[_Function], _Function]:
        """Register a handler of new connections. Without one they are accepted, unless a middleware refuses.

        Several run in the order of registration, and the first refusal wins. A parameter that is a pydantic
        model is the validated query string.
        """
        return self._register(CONNECT)

    def on_disconnect(self) -> Callable[[_Function], _Function]:
        """Register a handler of ended connections. Several run in the order of registration."""
        return self._register(DISCONNECT)

    def on_default(self) -> Callable[[_Function], _Function]:
        """Register the handler of messages without their own handler, such as texts that are not JSON."""
        return self._register(DEFAULT)

    def on_message(
        self, key: str, *, allow: Any = None, rate: Any = None, reads: bool = False
    ) -> Callable[[_Function], _Function]:
        """Register the handler of messages whose `action`, or whose route in API Gateway, is `key`.

        An Application takes `allow` as the roles that may send the message, `rate` as what one user may send,
        and `reads` as the promise that the handler stores and sends nothing, which makes it cheaper to count.
        A bare WebSocketResolver knows no roles and asks for none. Raises RegistrationError for a key that is
        empty or begins with `$`, which API Gateway reserves (W74).
        """
        if not isinstance(key, str) or not key or key.startswith("$"):
            raise RegistrationError(
                f"{key!r} is no key of a message: use a string that does not begin with $"
            )
        return self._register(key, allow=allow, rate=rate, reads=reads)

    def middleware(self, middleware: _Function) -> _Function:
        """Wrap this router's routes in a middleware, inside those registered before.

        It is `async (context, call_next)` or the classic `async (event, context, next_handler)`, see `adapt`.
        """
        self._middlewares.append(adapt(middleware))
        self._endpoints.clear()
        return middleware

    def exception_handler(self, kind: _ErrorType) -> Callable[[_Function], _Function]:
        """Register the function that answers errors of a class. The most specific class wins.

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

    def include_router(self, router: "Router", *, keep_existing: bool = False) -> None:
        """Include the routes that another router has registered so far. Later ones are not included.

        Its middlewares wrap its own routes only, inside this router's. Its exception handlers join this
        router's. With `keep_existing`, messages and classes of errors that have a handler keep it. Otherwise
        RegistrationError is raised for them.
        """
        known = {*self._routes, *self._exception_handlers} if keep_existing else set()
        for key, routes in router._routes.items():
            for route in routes if key not in known else ():
                middlewares = (*router._middlewares, *route.middlewares)
                self._add_route(key, replace(self.bind(route), middlewares=middlewares))
        for kind, call in router._exception_handlers.items():
            if kind not in known:
                self._add_exception_handler(kind, call.bound_to(self._services))

    def bind(self, route: Route) -> Route:
        """Return the route with its parameters taken from this router's services."""
        return replace(route, call=route.call.bound_to(self._services))

    def take(self, key: str) -> Sequence[Route]:
        """Remove the routes of a key, and return them."""
        self._endpoints.clear()
        return self._routes.pop(key, [])

    def change_route(self, key: str, **options: Any) -> None:
        """Give a message's route another `allow`, `rate` or `reads`."""
        self._routes[key] = [replace(route, **options) for route in self._routes[key]]
        self._endpoints.clear()

    @property
    def routes(self) -> Mapping[str, Sequence[Route]]:
        """The routes by their keys."""
        return self._routes

    @property
    def message_keys(self) -> tuple[str, ...]:
        """The keys of the messages that have a handler of their own."""
        return tuple(key for key in self._routes if not key.startswith("$"))

    def match(self, context: Context) -> Next:
        """Return the handler of an event with its middlewares. Sets the context's `route_key` and `route`.

        A message goes to the route that API Gateway matched, else to that of its `action`, else to
        `$default`. Without a route it is refused. Too large messages never reach a handler.
        """
        if not self._endpoints:
            self._endpoints = {key: self._wrap(routes) for key, routes in self._routes.items()}
            self._endpoints[None] = self._wrap([_FALLBACK])
        context.route_key = next((key for key in _list_keys(context) if key in self._routes), None)
        context.route = self._routes[context.route_key][0] if context.route_key else None
        return self._endpoints[context.route_key]

    def _register(self, key: str, **options: Any) -> Callable[[_Function], _Function]:
        def register(function: _Function) -> _Function:
            scope = _SCOPES.get(key, (MessageEvent,))
            self._add_route(key, Route(Call(function, scope, self._services), **options))
            return function

        return register

    def _add_route(self, key: str, route: Route) -> None:
        routes = self._routes.setdefault(key, [])
        if routes and key not in _SCOPES:
            raise RegistrationError(f"{route.call}: {key!r} already goes to {routes[0].call}")
        routes.append(route)
        self._endpoints.clear()

    def _add_exception_handler(self, kind: _ErrorType, call: Call) -> None:
        if known := self._exception_handlers.get(kind):
            raise RegistrationError(f"{call}: {kind.__name__} is already answered by {known}")
        self._exception_handlers[kind] = call

    def _wrap(self, routes: Sequence[Route]) -> Next:
        return compose(in_order(routes), self._middlewares)


def in_order(routes: Sequence[Route]) -> Next:
    """Join routes into one that calls them in turn and ends at the first refusal.

    The reply is the last one that is not None.
    """
    calls = [compose(route.call, route.middlewares) for route in routes]
    if len(calls) == 1:
        return calls[0]

    async def call_all(context: Context) -> Any:
        reply = None
        for call in calls:
            latest = await call(context)
            reply = reply if latest is None else latest
            if is_refusal(reply):
                break
        return reply

    return call_all


async def _fall_back(context: Context) -> None:
    if isinstance(context.event, MessageEvent):
        if not isinstance(context.body, dict):
            raise BadRequestError("the message is no JSON object")
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
