"""The entry point of a WebSocket backend's Lambda: it answers events, and no exception leaves it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from inspect import isawaitable
from typing import Any

from .context import Context
from .errors import InternalError, RealtimeError, ReplyError, trace
from .event import ConnectEvent, DisconnectEvent, MessageEvent, parse_event
from .parameters import Call
from .response import Accept, answer, is_answer, refusal
from .routing import Router
from .runtime import Runtime
from .services import Providers, Services

RUNTIME = Runtime()
"""The event loop of this sandbox, shared by its resolvers, because connections are bound to a loop."""

_logger = logging.getLogger("signalbox")


def log_unexpected(context: Context, error: BaseException) -> None:
    """Log an error's types and places, and its request id, but nothing that a client sent."""
    fields = {"request_id": context.request_id, "route": context.route_key}
    _logger.error(
        "%(route)s failed, request %(request_id)s: %(trace)s", fields | {"trace": trace(error)}, extra=fields
    )


class WebSocketResolver(Router):
    """A router that answers events.

    - `services`: objects that handlers may ask for by type, see `Services`.
    - `max_body_bytes`: messages with more bytes of UTF-8 are refused. API Gateway lets through 32,768 in one
      frame, 131,072 in several (W77).
    - `on_unexpected(context, error)`: called with every failure that is no RealtimeError and that no
      exception handler answers. The client gets `internal` without the cause. It may be async.
    - `providers`: objects that handlers may ask for by type and that differ from event to event.
    - `argument()`: returns the argument for `services`, if that is a function with one parameter.
    - `post(context, frame)`: sends a frame to the caller. Handlers that are async generators need it: each
      value is a frame, and the last one is the reply.
    """

    def __init__(
        self,
        services: object = None,
        max_body_bytes: int = 32_768,
        on_unexpected: Callable[[Context, BaseException], Awaitable[None] | None] = log_unexpected,
        *,
        providers: Providers | None = None,
        post: Callable[[Context, bytes], Awaitable[None]] | None = None,
        argument: Callable[[], Any] = lambda: None,
    ) -> None:
        super().__init__()
        self._services: Services = Services(services, providers, argument)
        self._max_body_bytes = max_body_bytes
        self._on_unexpected = on_unexpected
        self._post = post

    def resolve(self, event: Any, context: object = None) -> dict[str, Any]:
        """Answer an event: `def handler(event, context): return resolver.resolve(event, context)`.

        Raises MalformedEventError for anything but an event of an API Gateway WebSocket API.
        """
        return RUNTIME.run(self.dispatch(event, context))

    async def dispatch(self, event: Any, lambda_context: object = None) -> dict[str, Any]:
        """Answer an event, like `resolve`, for callers with an event loop of their own."""
        context = self.make_context(parse_event(event), lambda_context)
        answered = await self._answer(context)
        for failure in await context.run_after():
            await self._report(context, failure)
        return answered

    def make_context(
        self, event: ConnectEvent | MessageEvent | DisconnectEvent, lambda_context: object = None
    ) -> Context:
        """Return the context of an event, with this resolver's services."""
        context = Context(event, lambda_context, self._services.get, self._max_body_bytes)
        if self._post:
            context.post = partial(self._post, context)
        return context

    @property
    def services(self) -> Any:
        """The application's services, made on first use."""
        return self._services.get()

    def warm(self) -> None:
        """Make the services now, rather than in the first event."""
        self._services.get()

    async def _answer(self, context: Context) -> dict[str, Any]:
        try:
            return answer(context, await self.match(context)(context))
        except BaseException as error:
            if _is_for_the_caller(error):
                raise
            return await self._rescue(context, error)

    async def _rescue(self, context: Context, error: BaseException) -> dict[str, Any]:
        try:
            if exception_handler := self._find_exception_handler(error):
                context.error = error
                reply = await exception_handler(context)
                # Whatever else it returns would open the connection that has just failed.
                explicit = isinstance(reply, Accept) or is_answer(reply)
                if explicit or not isinstance(context.event, ConnectEvent):
                    return answer(context, reply)
        except BaseException as failure:
            if _is_for_the_caller(failure):
                raise
            error = failure
        return await self._refuse(context, error)

    def _find_exception_handler(self, error: BaseException) -> Call | None:
        for kind in type(error).__mro__:
            if kind in self._exception_handlers:
                return self._exception_handlers[kind]
            if kind is RealtimeError:
                return None
        return None

    async def _refuse(self, context: Context, error: BaseException) -> dict[str, Any]:
        if isinstance(error, RealtimeError):
            try:
                return refusal(context, error)
            except ReplyError as unsendable:
                error = unsendable
        await self._report(context, error)
        return refusal(context, InternalError())

    async def _report(self, context: Context, error: BaseException) -> None:
        try:
            if isawaitable(reported := self._on_unexpected(context, error)):
                await reported
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - reporting must never cost the client its answer
            with suppress(Exception):
                log_unexpected(context, error)
                log_unexpected(context, failure)


def _is_for_the_caller(error: BaseException) -> bool:
    # A cancellation is, when this very task was cancelled and not merely something it awaited.
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, (KeyboardInterrupt, GeneratorExit))
