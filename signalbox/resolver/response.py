"""Turns a handler's reply into the answer that API Gateway expects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json, to_jsonable_python

from .context import Context
from .decimals import restore_decimals
from .errors import RealtimeError, ReplyError
from .event import TOKEN, ConnectEvent, DisconnectEvent

MAX_REPLY_BYTES = 131_072
"""The largest message API Gateway lets through (W77)."""


@dataclass(frozen=True, slots=True)
class Accept:
    """A reply to `$connect` that accepts it, with one of the subprotocols that the client offered (W57).

    Raises ValueError for a subprotocol that no header can carry.
    """

    subprotocol: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.subprotocol is not None and not TOKEN.fullmatch(self.subprotocol):
            raise ValueError("a subprotocol is a token (RFC 9110 section 5.6.2)")


ANSWER_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
"""The members of an answer that API Gateway reads."""

LOWEST_REFUSAL = 300
"""The first status that opens no connection (W49)."""


def is_answer(reply: object) -> bool:
    """Tell whether a reply is already an answer for API Gateway, to be passed through."""
    return isinstance(reply, dict) and "statusCode" in reply


def is_refusal(reply: object) -> bool:
    """Whether a handler of `$connect` returned an answer that opens no connection."""
    if not isinstance(reply, dict):
        return False
    status = reply.get("statusCode")
    return isinstance(status, int) and status >= LOWEST_REFUSAL


def frame(context: Context, reply: Any) -> bytes:
    """Return the bytes of one reply of several. Raises ReplyError when it cannot be sent."""
    body: str = _framed(reply, context.message_ref)["body"]
    return body.encode()


def answer(context: Context, reply: Any) -> dict[str, Any]:
    """Return the answer that carries a reply. Raises ReplyError when it cannot be sent.

    The answer to None is `{"statusCode": 200}`, because API Gateway takes null for a failure (W51, W68). NaN
    and infinity become null, because JSON has neither. A Decimal becomes a number with all its digits.
    """
    if isinstance(context.event, DisconnectEvent):
        return {"statusCode": 200}
    if is_answer(reply):
        return _checked(_with_body(context, reply))
    if isinstance(context.event, ConnectEvent):
        return _open(reply) if isinstance(reply, Accept) else {"statusCode": 200}
    return {"statusCode": 200} if reply is None else _framed(reply, context.message_ref)


def refusal(context: Context, error: RealtimeError) -> dict[str, Any]:
    """Return the answer to an error: its status on `$connect`, or a frame on messages.

    Raises ReplyError when the error's details cannot be sent.
    """
    if isinstance(context.event, DisconnectEvent):
        return {"statusCode": 200}
    if isinstance(context.event, ConnectEvent):
        return {"statusCode": error.status}
    frame: dict[str, Any] = {
        "type": "error",
        "code": error.code,
        "retry": error.retry,
        "request_id": context.request_id,
    }
    if (ref := context.message_ref) is not None:
        frame["id"] = ref
    # Details cannot overwrite the fields that every client relies on.
    return _framed(frame | {name: value for name, value in error.details.items() if name not in frame})


def _open(accept: Accept) -> dict[str, Any]:
    headers = dict(accept.headers)
    if accept.subprotocol:
        headers["Sec-WebSocket-Protocol"] = accept.subprotocol
    return {"statusCode": 200, "headers": headers}


def _with_body(context: Context, reply: dict[str, Any]) -> dict[str, Any]:
    # API Gateway would drop members it does not know: a handler that returned them meant them for the client.
    members = {name: value for name, value in reply.items() if name not in ANSWER_MEMBERS}
    if not members or "body" in reply:
        return reply
    known = {name: value for name, value in reply.items() if name in ANSWER_MEMBERS}
    return known | {"body": _framed(members, context.message_ref)["body"]}


def _checked(reply: dict[str, Any]) -> dict[str, Any]:
    # Untouched; but Lambda's runtime client cannot encode a lone surrogate, and would end the sandbox.
    if isinstance(body := reply.get("body"), str):
        try:
            _check_size(body.encode())
        except UnicodeEncodeError as error:
            raise ReplyError("the body is not text") from error
    return reply


def _framed(reply: Any, ref: str | int | None = None) -> dict[str, Any]:
    try:
        frame = reply if ref is None else _with_ref(reply, ref)
        data = restore_decimals(reply, to_json(frame, by_alias=True, inf_nan_mode="null"))
    except ValueError as error:
        raise ReplyError("the reply is not JSON") from error
    _check_size(data)
    return {"statusCode": 200, "body": data.decode()}


def _with_ref(reply: Any, ref: str | int) -> Any:
    plain = to_jsonable_python(reply, by_alias=True, inf_nan_mode="null")
    if isinstance(plain, dict):
        plain.setdefault("id", ref)
    return plain


def _check_size(data: bytes) -> None:
    if len(data) > MAX_REPLY_BYTES:
        raise ReplyError(f"the reply has {len(data)} bytes, over {MAX_REPLY_BYTES}")
