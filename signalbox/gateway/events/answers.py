"""Interprets a function's answer: as the status of a handshake, or as a frame for the client.

The answer of a proxy integration is an object with `statusCode`, `headers`, `body` and `isBase64Encoded`.
Anything else is invalid.
"""

import base64
import re
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidAnswerError
from ..sandboxes.sandbox import Failure, Result
from . import frames
from .events import FunctionEvent
from .strict_json import parse_json

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class HandshakeDecision:
    """The decision of `$connect`: the status of the handshake, and the subprotocol, if any.

    `verdict` is the text in the request log.
    """

    status: int
    subprotocol: str | None = None
    verdict: str = "ok"

    @property
    def granted(self) -> bool:
        """Whether the connection opens, which it does for any 2xx. Another status is the answer (W49)."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class ReplyFrame:
    """The reply to a message, empty for none. `status` and `verdict` are for the request log."""

    frame: bytes
    status: int = 200
    verdict: str = "ok"


def handshake_decision_from(result: Result | None) -> HandshakeDecision:
    """Interpret the result of `$connect`. None is a timeout (W49-W52)."""
    if result is None:
        return HandshakeDecision(504, verdict=verdict_of(result))
    if isinstance(result, Failure):
        return HandshakeDecision(502, verdict=verdict_of(result))
    try:
        return _read_decision(read_object(result.payload))
    except InvalidAnswerError as error:
        return HandshakeDecision(502, verdict=str(error))


def reply_from(result: Result | None, event: FunctionEvent, two_way: bool, max_bytes: int) -> ReplyFrame:
    """Interpret the result of a message. None is a timeout (W68, W69).

    The body of a valid answer is sent to the client only on a `two_way` route (W75).
    """
    if result is None:
        frame = frames.endpoint_timed_out(event.connection_id, event.request_id)
        return ReplyFrame(frame, 504, verdict_of(result))
    if isinstance(result, Failure):
        return _failed(event, verdict_of(result))
    try:
        text = _read_body(read_object(result.payload), max_bytes)
    except InvalidAnswerError as error:
        return _failed(event, str(error))
    return ReplyFrame(text if two_way else b"")


def verdict_of(result: Result | None) -> str:
    """Return the text for the request log. None is a timeout."""
    if result is None:
        return "integration timeout"
    if isinstance(result, Failure):
        return f"{result.kind} {result.error_type}" + (f": {result.detail}" if result.detail else "")
    return "ok"


def read_object(payload: bytes) -> dict[str, Any]:
    """Return the object that a function returned. Raises InvalidAnswerError for anything else."""
    try:
        answer = parse_json(payload)
    except ValueError as error:
        raise InvalidAnswerError("invalid answer: not JSON") from error
    if not isinstance(answer, dict):
        raise InvalidAnswerError("invalid answer: not an object")
    return answer


def _failed(event: FunctionEvent, verdict: str) -> ReplyFrame:
    return ReplyFrame(frames.internal_server_error(event.connection_id, event.request_id), 502, verdict)


def _read_decision(answer: dict[str, Any]) -> HandshakeDecision:
    status = answer.get("statusCode")
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise InvalidAnswerError("invalid answer: statusCode is not an HTTP status from 200 to 599")
    subprotocol = _subprotocol(answer.get("headers"))
    return HandshakeDecision(status, subprotocol, "ok" if 200 <= status < 300 else "refused")


def _subprotocol(headers: object) -> str | None:
    if headers is None:
        return None
    if not isinstance(headers, dict):
        raise InvalidAnswerError("invalid answer: headers is not an object")
    for name, value in headers.items():
        if name.lower() == "sec-websocket-protocol":
            if not (isinstance(value, str) and _TOKEN.fullmatch(value)):
                raise InvalidAnswerError("invalid answer: the subprotocol is not a token")
            return value
    return None


def _read_body(answer: dict[str, Any], max_bytes: int) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise InvalidAnswerError("invalid answer: body is not a string")
    text = _decode(body) if answer.get("isBase64Encoded") else _encode(body)
    if len(text) > max_bytes:
        raise InvalidAnswerError(f"invalid answer: body exceeds {max_bytes} bytes")
    return text


def _encode(body: str) -> bytes:
    try:
        return body.encode()
    except UnicodeEncodeError as error:
        raise InvalidAnswerError("invalid answer: body holds half a surrogate pair") from error


def _decode(body: str) -> bytes:
    try:
        text = base64.b64decode(body, validate=True)
        text.decode()
    except ValueError as error:
        raise InvalidAnswerError("invalid answer: body is not text in base64") from error
    return text
