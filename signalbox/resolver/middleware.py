"""Middlewares: an onion around the handlers, wrapped once."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from .context import Context
from .errors import RegistrationError
from .parameters import Function, is_async, list_parameters, name_of

Next = Callable[[Context], Coroutine[Any, Any, Any]]
"""What a middleware wraps: the next middleware or, innermost, the handler, whose result it returns."""

Middleware = Callable[[Context, Next], Coroutine[Any, Any, Any]]
"""`async def middleware(context, call_next)`, or an object with such a `__call__`.

It may answer without calling next, change what next returned, or raise a RealtimeError.
"""


def compose(innermost: Next, middlewares: Iterable[Middleware]) -> Next:
    """Wrap a handler in its middlewares, the first one outermost."""
    for middleware in reversed(tuple(middlewares)):
        innermost = _wrap(middleware, innermost)
    return innermost


def adapt(middleware: Function) -> Middleware:
    """Make one shape of the known shapes of a middleware; raises RegistrationError for any other.

    Beside our own there is the classic `async (event, context, next_handler)`, where `event` is the raw dict.
    `await next_handler(event, context)` goes on, and the event it was given is what the handler gets. Either
    may be a function, an object with `__call__`, or a class whose constructor needs no argument.
    """
    function: Function = _construct(middleware) if isinstance(middleware, type) else middleware
    if is_async(function):
        match _count_required(function):
            case 2:
                return function
            case 3:
                return _adapt_classic(function)
    raise RegistrationError(
        f"{name_of(function)}: a middleware is async and takes (context, call_next), "
        "or (event, context, next_handler)"
    )


def _wrap(middleware: Middleware, call_next: Next) -> Next:
    return lambda context: middleware(context, call_next)


def _construct(kind: type) -> Function:
    try:
        made: Function = kind()
    except TypeError as error:
        raise RegistrationError(f"{name_of(kind)}: register an instance of it ({error})") from error
    return made


def _count_required(function: Function) -> int:
    return sum(parameter.default is parameter.empty for parameter in list_parameters(function))


def _adapt_classic(middleware: Function) -> Middleware:
    async def call_classic(context: Context, call_next: Next) -> Any:
        async def next_handler(event: dict[str, Any], _context: object) -> Any:
            if event is not context.event.raw:
                context.event = replace(context.event, raw=event)
            return await call_next(context)

        return await middleware(context.event.raw, context, next_handler)

    return call_classic
