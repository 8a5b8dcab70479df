"""Dependency injection: the arguments of a handler, resolved once, at registration."""

import asyncio
import inspect
import os
import sys
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from functools import partial
from operator import attrgetter, methodcaller
from types import SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticUserError

from .context import Caller, Context
from .errors import RegistrationError, ReplyError
from .event import ConnectEvent, Event, MessageEvent
from .response import frame
from .services import Services, can_be_service

Function = Callable[..., Any]
"""A function of the application, or an object with `__call__`; async or not."""

Scope = Collection[type]
"""The classes of events, and of errors, that a function may be called for."""

_Source = Callable[[Context], Any]

_NAMED: Mapping[str, _Source] = {
    "event": attrgetter("event.raw"),
    "context": lambda context: context,
    "connection_id": attrgetter("event.connection_id"),
    "caller": attrgetter("caller"),
}
_TYPED: Mapping[type, _Source] = {
    Context: _NAMED["context"],
    Caller: _NAMED["caller"],
    Event: attrgetter("event"),
    BaseException: attrgetter("error"),
}


class Call:
    """A function of the application with the plan of its arguments. `await call(context)` runs it.

    Without `services`, parameters for services are resolved by `bound_to`. A function that is not async runs
    in a thread. An async generator answers in several frames. Raises RegistrationError for a parameter that
    nothing provides.
    """

    __slots__ = ("_function", "_is_async", "_is_stream", "_plan", "_scope", "asked", "returned")

    def __init__(self, function: Function, scope: Scope, services: Services | None = None) -> None:
        self._function = function
        self._scope = scope
        self._is_async = is_async(function)
        self._is_stream = inspect.isasyncgenfunction(function)
        self._plan = tuple(_plan(function, scope, services).items())
        self.asked = frozenset(_types_of(function))
        """The classes that its parameters are annotated with."""
        self.returned = _returned_by(function)
        """The classes that its result is annotated with."""

    def __str__(self) -> str:
        return name_of(self._function)

    @property
    def place(self) -> str:
        """The file and the name of the function."""
        return place_of(self._function)

    async def __call__(self, context: Context) -> Any:
        """Run the function with the arguments it asked for."""
        arguments = {name: source(context) for name, source in self._plan}
        if self._is_stream:
            return await _stream(context, self._function(**arguments))
        if self._is_async:
            return await self._function(**arguments)
        result = await asyncio.to_thread(_run, self._function, arguments)
        return await result if inspect.isawaitable(result) else result

    def bound_to(self, services: Services | None) -> "Call":
        """Return the same function, with its parameters taken from these services."""
        return Call(self._function, self._scope, services)


async def _stream(context: Context, values: AsyncGenerator[Any, None]) -> Any:
    """Post every frame but the last, and return the last as the reply."""
    if context.post is None:
        raise ReplyError("several frames are sent with @connections, which nobody gave this resolver")
    reply = None
    async for value in values:
        if reply is not None:
            await context.post(frame(context, reply))
        reply = value
    return reply


def is_async(function: Function) -> bool:
    """Whether calling the function, or the object, makes a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def name_of(function: Function) -> str:
    """Return the name of a function or object, for an error message."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def place_of(function: Function) -> str:
    """The file and the name of a function, for a message to its author."""
    code = getattr(inspect.unwrap(_bare(function)), "__code__", None)
    if code is None:
        return name_of(function)
    file = os.path.relpath(code.co_filename)
    return f"{code.co_filename if file.startswith(os.pardir) else file}: {code.co_qualname}"


def list_parameters(function: Function) -> list[inspect.Parameter]:
    """The function's parameters, with annotations as they were written."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        # Names that exist for type checkers only would otherwise be looked up here.
        return list(inspect.signature(function, annotation_format=Format.FORWARDREF).parameters.values())
    return list(inspect.signature(function).parameters.values())


def _run(function: Function, arguments: dict[str, Any]) -> Any:
    try:
        return function(**arguments)
    except StopIteration as error:
        # No future can carry it: Python 3.11 would wait for this thread for ever.
        raise RuntimeError(f"{name_of(function)} raised StopIteration") from error


def _plan(function: Function, scope: Scope, services: Services | None) -> dict[str, _Source]:
    plan = {}
    for parameter in list_parameters(function):
        try:
            plan[parameter.name] = _find_source(parameter, _resolve(parameter, function), scope, services)
        except (LookupError, NameError) as error:
            # A default stands in for what nothing provides, but never hides a name that does not exist.
            if parameter.default is parameter.empty or isinstance(error, NameError):
                asks = f"{place_of(function)} asks for `{parameter.name}`"
                available = ", ".join(_list_available(scope, services))
                raise RegistrationError(f"{asks}: {error.args[0]}. Available: {available}") from None
    return plan


def _types_of(function: Function) -> list[type]:
    annotations = [_resolve(each, function) for each in list_parameters(function)]
    return [each for each in annotations if isinstance(each, type)]


def _returned_by(function: Function) -> frozenset[type]:
    annotation = inspect.signature(function).return_annotation
    try:
        resolved = _evaluate(annotation, function)
    except NameError:  # it exists for type checkers only
        return frozenset()
    members = get_args(resolved) if get_origin(resolved) in (Union, UnionType) else (resolved,)
    return frozenset(member for member in members if isinstance(member, type))


def _resolve(parameter: inspect.Parameter, function: Function) -> Any:
    return (
        parameter.empty
        if parameter.annotation is parameter.empty
        else _evaluate(parameter.annotation, function)
    )


def _evaluate(annotation: Any, function: Function) -> Any:
    annotated = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(annotated, _globals_of(function), include_extras=True)["it"]
    except (AttributeError, NameError, SyntaxError, TypeError):
        raise NameError(f"its annotation {annotation!r} cannot be resolved") from None


def _bare(function: Function) -> Function:
    while isinstance(function, partial):
        function = function.func
    return function


def _globals_of(function: Function) -> dict[str, Any]:
    function = inspect.unwrap(_bare(function))
    code = function if inspect.isroutine(function) else type(function).__call__
    return getattr(code, "__globals__", {})


def _find_source(
    parameter: inspect.Parameter, annotation: Any, scope: Scope, services: Services | None
) -> _Source:
    name = parameter.name
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise LookupError("every argument is passed by its name")
    if source := _find_typed(annotation, scope):
        return source
    if services and (provider := services.provider(annotation)):
        return provider
    if name == "error" and any(issubclass(kind, BaseException) for kind in scope):
        return attrgetter("error")
    if name in _NAMED and not _is_model(annotation):
        return _NAMED[name]
    if name != "body" and (source := _find_service(name, annotation, services)):
        return source
    if name == "body" or _is_model(annotation):
        return _find_model(name, annotation, scope, services)
    raise LookupError("nothing provides it. Add it to the services, or remove the parameter")


def _find_typed(annotation: Any, scope: Scope) -> _Source | None:
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    for family, source in _TYPED.items():
        if all(isinstance(member, type) and issubclass(member, family) for member in members):
            met = [kind for kind in (*scope, Context, Caller) if issubclass(kind, family)]
            if met and all(issubclass(kind, members) for kind in met):
                return source
            came = " or ".join(kind.__name__ for kind in met) or "none"
            raise LookupError(f"what comes here is {came}")
    return None


def _find_service(name: str, annotation: Any, services: Services | None) -> _Source | None:
    if services is None:
        return attrgetter("services") if can_be_service(annotation) else None
    if annotation is services.kind:
        return attrgetter("services")
    attribute = services.find(name, annotation)
    return attrgetter(f"services.{attribute}") if attribute else None


def _find_model(name: str, annotation: Any, scope: Scope, services: Services | None) -> _Source:
    reader = (
        {MessageEvent: "read", ConnectEvent: "read_query"}.get(next(iter(scope))) if len(scope) == 1 else None
    )
    if reader is None or (reader == "read_query" and name == "body"):
        if services is None and name != "body":
            return attrgetter("services")  # a provider may have it
        raise LookupError("only a message has a body")
    if annotation is inspect.Parameter.empty:
        return attrgetter("body")
    try:
        return methodcaller(reader, TypeAdapter(annotation))
    except (PydanticUserError, NameError):
        raise LookupError("pydantic cannot validate that type") from None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _list_available(scope: Scope, services: Services | None) -> list[str]:
    body = ["body", "a pydantic model of the body"] if set(scope) == {MessageEvent} else []
    kinds = [kind.__name__ for kind in (*scope, Context, Caller)]
    return [*_NAMED, *body, *kinds, *(services.describe() if services else ["a service"])]
