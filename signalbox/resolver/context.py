"""The context of an event: its caller, body, services and deadline, for handlers and middlewares."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from math import isinf
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from signalbox.moment import Moment

from .errors import BadRequestError, InvalidMessageError, RealtimeError, TooLargeError, UnauthorizedError
from .event import ConnectEvent, DisconnectEvent, MessageEvent

MAX_DEPTH = 16
MAX_WIDTH = 1_024
"""Members of one array or object."""

MAX_REF_LENGTH = 64

_REPORTED_FIELDS = 16
_REPORTED_FIELD_LENGTH = 128
_TIME_TO_ANSWER_MS = 3_000
_NO_DEADLINE_MS = 86_400_000
_UNREAD: Any = object()
# Only a number like these can overflow to infinity, which no JSON text can carry back.
_HUGE_NUMBER = re.compile(rb"[0-9][eE]\+?[0-9]{2}|[0-9]{300}")
# Members that API Gateway adds to the authorizer's context (W45). They are no claims.
_NOT_CLAIMS = ("principalId", "integrationLatency")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind a connection: the authorizer's `principalId`, and its other members as claims."""

    user_id: str
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Context:
    """One event on its way through middlewares and handler.

    `route_key` and `route` are those of the handler, None when no route matched. Middlewares and handlers
    share data in `state`. `error` is the error that an exception handler answers. `lambda_context` is
    Lambda's own context.
    """

    __slots__ = (
        "_after",
        "_body",
        "_caller",
        "_make_services",
        "_max_body_bytes",
        "_refusal",
        "_services",
        "error",
        "event",
        "lambda_context",
        "post",
        "route",
        "route_key",
        "state",
    )

    def __init__(
        self,
        event: ConnectEvent | MessageEvent | DisconnectEvent,
        lambda_context: object = None,
        make_services: Callable[[], Any] = lambda: None,
        max_body_bytes: int = 32_768,
    ) -> None:
        self.event = event
        self.lambda_context = lambda_context
        self.route_key: str | None = None
        self.route: Any = None
        self.post: Callable[[bytes], Awaitable[None]] | None = None
        self._after: list[Callable[[], Any]] = []
        self.state: dict[str, Any] = {}
        self.error: BaseException | None = None
        self._make_services = make_services
        self._services: Any = None
        self._max_body_bytes = max_body_bytes
        self._caller: Caller | None = None
        self._body = _UNREAD
        self._refusal: RealtimeError | None = None

    @property
    def services(self) -> Any:
        """The application's services, made on first use. A middleware may replace them."""
        return self._make_services() if self._services is None else self._services

    @services.setter
    def services(self, services: object) -> None:
        self._services = services

    @property
    def request_id(self) -> str:
        """API Gateway's id of this event. Log it, because clients see it in error frames."""
        return self.event.request_id

    @property
    def caller(self) -> Caller:
        """The caller. Raises UnauthorizedError when neither the authorizer nor a middleware set it."""
        if (caller := self._find_caller()) is None:
            raise UnauthorizedError(
                "the caller is unknown: the event has no authorizer, and no middleware set a caller"
            )
        return caller

    @caller.setter
    def caller(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def identified(self) -> bool:
        """Whether the caller is known."""
        return self._find_caller() is not None

    @property
    def body(self) -> Any:
        """The message's JSON, parsed at most once; None on `$connect` and `$disconnect`.

        Raises TooLargeError, and BadRequestError for what is not JSON (NaN, infinity and lone surrogates are
        not), is nested deeper than 16 or wider than 1,024, or has an `id` that is neither an integer nor a
        string of up to 64 characters.
        """
        self._read_text()
        return self._body

    def read(self, adapter: TypeAdapter[_T]) -> _T:
        """Return the message's body as the adapter's type. Raises InvalidMessageError, and as `body` does.

        The text itself is validated, because JSON has no dates, tuples or enums. A strict model accepts
        their JSON forms in pydantic's JSON mode only.
        """
        text = self._read_text()
        try:
            return adapter.validate_json(text)
        except ValidationError as error:
            raise InvalidMessageError(fields=_describe(error)) from None

    @property
    def message_ref(self) -> str | int | None:
        """The `id` the client gave its request, None without a usable one."""
        try:
            body = self.body
        except RealtimeError:
            return None
        return body.get("id") if isinstance(body, dict) else None

    def read_query(self, adapter: TypeAdapter[_T]) -> _T:
        """Return the query string of `$connect` as the adapter's type. Raises InvalidMessageError."""
        query = self.event.query if isinstance(self.event, ConnectEvent) else {}
        try:
            return adapter.validate_strings(dict(query))
        except ValidationError as error:
            raise InvalidMessageError(fields=_describe(error)) from None

    def after(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        """Call a function, async or not, when the answer is ready and before the invocation ends.

        It delays the answer. Its failure is logged, and does not change the answer.
        """
        self._after.append(partial(function, *arguments, **named))

    async def run_after(self) -> list[BaseException]:
        """Call the functions given to `after`, in order; return their failures."""
        failures: list[BaseException] = []
        while self._after:
            function = self._after.pop(0)
            try:
                if isawaitable(result := function()):
                    await result
            except Exception as error:  # noqa: BLE001 - one failure keeps no other function from running
                failures.append(error)
        return failures

    @property
    def moment(self) -> Moment:
        """The event's instant, and the time left for its work."""
        return Moment(self.event.requested_at, self.time_left)

    def time_left(self) -> float:
        """Seconds left for work: 3 less than Lambda gives, to get an answer out; never negative."""
        return max(0, self.get_remaining_time_in_millis() - _TIME_TO_ANSWER_MS) / 1_000

    @property
    def aws_request_id(self) -> str:
        """Lambda's id of the invocation, outside Lambda the event's. For handlers of the classic shape."""
        return str(getattr(self.lambda_context, "aws_request_id", self.request_id))

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation, outside Lambda a day."""
        remaining = getattr(self.lambda_context, "get_remaining_time_in_millis", None)
        return int(remaining()) if remaining else _NO_DEADLINE_MS

    def _find_caller(self) -> Caller | None:
        if self._caller is None:
            self._caller = _identify(self.event.authorizer)
        return self._caller

    def _read_text(self) -> str:
        text = self.event.body if isinstance(self.event, MessageEvent) else "null"
        if self._body is _UNREAD and self._refusal is None:
            try:
                self._body = _parse_body(text, self._max_body_bytes)
            except RealtimeError as refusal:
                self._refusal = refusal
        if self._refusal:
            raise self._refusal.with_traceback(None)
        return text


def _identify(authorizer: Mapping[str, Any]) -> Caller | None:
    user_id = authorizer.get("principalId")
    if not isinstance(user_id, str) or not user_id:
        return None
    return Caller(user_id, {name: value for name, value in authorizer.items() if name not in _NOT_CLAIMS})


def _parse_body(text: str, max_bytes: int) -> Any:
    # A character is at least a byte, so most oversized texts are refused without encoding them.
    if len(text) > max_bytes or len(data := text.encode(errors="surrogatepass")) > max_bytes:
        raise TooLargeError(f"over {max_bytes} bytes")
    try:
        body = from_json(data, allow_inf_nan=False)
    except ValueError:
        raise BadRequestError("not JSON") from None
    # Counting bytes is quicker than looking at values, and few messages have as many of these.
    deep, wide = data.count(b"[") + data.count(b"{") > MAX_DEPTH, data.count(b",") >= MAX_WIDTH
    if deep or wide or _HUGE_NUMBER.search(data):
        _check_values(body, depth=0)
    if isinstance(body, dict) and not _can_be_echoed(body.get("id")):
        raise BadRequestError(f"id must be an integer or a string of at most {MAX_REF_LENGTH} characters")
    return body


def _check_values(value: Any, depth: int) -> None:
    if isinstance(value, float) and isinf(value):
        raise BadRequestError("a number is too large")
    if isinstance(value, dict | list):
        if depth == MAX_DEPTH:
            raise BadRequestError(f"nested deeper than {MAX_DEPTH}")
        if len(value) > MAX_WIDTH:
            raise BadRequestError(f"wider than {MAX_WIDTH}")
        for member in value.values() if isinstance(value, dict) else value:
            _check_values(member, depth + 1)


def _can_be_echoed(ref: object) -> bool:
    if isinstance(ref, str):
        return len(ref) <= MAX_REF_LENGTH
    return ref is None or (isinstance(ref, int) and not isinstance(ref, bool))


def _describe(error: ValidationError) -> list[dict[str, str]]:
    # A path may hold keys the client made up, hence the limit; an error's text and context may hold values.
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        {"field": ".".join(map(str, problem["loc"]))[:_REPORTED_FIELD_LENGTH], "problem": problem["type"]}
        for problem in problems[:_REPORTED_FIELDS]
    ]
