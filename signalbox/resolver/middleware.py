"""Middlewares: functions around the handlers, composed once."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from .context import Context
from .errors import RegistrationError
from .parameters import Function, is_async, list_parameters, name_of

Next = Callable[[Context], Coroutine[Any, Any, Any]]
"""The next middleware or, innermost, the handler. It returns the reply."""

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
    """Adapt a middleware to the type Middleware. Raises RegistrationError for an unknown signature.

    The classic signature `async (event, context, next_handler)` is accepted as well, with the raw dict as
    `event`. Its `await next_handler(event, context)` passes that event on to the handler. A middleware may be
    a function, an object with `__call__`, or a class whose constructor needs no argument.
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
