"""The errors of a resolver, and their form for clients.

Exception
├── RealtimeError               a refusal a client may see          code             status  retry
│   ├── BadRequestError                                             bad_request         400
│   ├── InvalidMessageError                                         invalid_message     400
│   ├── UnauthorizedError                                           unauthorized        401
│   ├── ForbiddenError                                              forbidden           403
│   ├── NotFoundError                                               not_found           404
│   ├── UnknownRouteError                                           unknown_route       404
│   ├── ConflictError                                               conflict            409  yes
│   ├── TooLargeError                                               too_large           413
│   ├── RateLimitedError                                            rate_limited        429  yes
│   ├── InternalError                                               internal            500
│   └── UnavailableError                                            unavailable         503  yes
├── RegistrationError           a handler, middleware or router that cannot work, found when it is registered
├── MalformedEventError         the input is no event of an API Gateway WebSocket API
└── ReplyError                  a handler's reply cannot be sent
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from traceback import walk_tb
from typing import Any, ClassVar

_INNERMOST_FRAMES = 20
_LINKED_ERRORS = 10


class RealtimeError(Exception):
    """A refusal with a `code` for programs, an HTTP-like `status`, and whether a `retry` can help.

    The arguments are for logs and never reach a client; `details` do, merged into the error frame.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retry: ClassVar[bool] = False

    def __init__(self, *args: object, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(*args)
        self.details = dict(details or {})


class BadRequestError(RealtimeError):
    """The message cannot be read."""

    code, status = "bad_request", 400


class InvalidMessageError(RealtimeError):
    """The message was read, but these `fields` are wrong: each a dict of `field` (its path) and `problem`.

    A problem is named, never shown: what the client sent has no place in it.
    """

    code, status = "invalid_message", 400

    def __init__(
        self,
        *args: object,
        fields: Sequence[Mapping[str, str]] = (),
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(*args, details={"fields": list(fields), **(details or {})})


class UnauthorizedError(RealtimeError):
    """The caller is unknown."""

    code, status = "unauthorized", 401


class ForbiddenError(RealtimeError):
    """The caller is known and may not do this."""

    code, status = "forbidden", 403


class NotFoundError(RealtimeError):
    """The subject of the message does not exist."""

    code, status = "not_found", 404


class UnknownRouteError(RealtimeError):
    """No handler is registered for the message's action."""

    code, status = "unknown_route", 404


class ConflictError(RealtimeError):
    """A concurrent request changed the same data (optimistic lock)."""

    code, status, retry = "conflict", 409, True


class TooLargeError(RealtimeError):
    """The message has more bytes than the resolver accepts."""

    code, status = "too_large", 413


class RateLimitedError(RealtimeError):
    """The caller exceeds a rate limit."""

    code, status, retry = "rate_limited", 429, True


class InternalError(RealtimeError):
    """The server failed. The logs have the cause, and the client does not see it."""


class UnavailableError(RealtimeError):
    """A dependency of the server is temporarily unavailable."""

    code, status, retry = "unavailable", 503, True


class RegistrationError(Exception):
    """A handler, a middleware or a router cannot work as it was registered.

    The text names the file and the function.
    """

    one_line = True


class MalformedEventError(Exception):
    """The input is no event of an API Gateway WebSocket API."""


class ReplyError(Exception):
    """A handler's reply cannot be sent, because it is not JSON or too large."""


def trace(error: BaseException) -> str:
    """Describe an error for a log: types and places (file:line:function), its causes included.

    Texts and local variables are left out, because they may contain secrets or messages of clients.
    """
    return "; ".join(_trace_one(link) for link in islice(_linked(error), _LINKED_ERRORS))


def _trace_one(error: BaseException) -> str:
    places = [
        f"{frame.f_code.co_filename}:{line}:{frame.f_code.co_name}"
        for frame, line in walk_tb(error.__traceback__)
    ]
    return " ".join([type(error).__qualname__, *places[-_INNERMOST_FRAMES:]])


def _linked(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _linked(member)
    elif cause := error.__cause__ or error.__context__:
        yield from _linked(cause)
