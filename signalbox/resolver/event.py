"""The three events of an API Gateway WebSocket API as frozen values (facts W33 to W45)."""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .errors import MalformedEventError

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The allowed names of a subprotocol (RFC 6455 section 4.1, RFC 9110 section 5.6.2)."""

_Value = TypeVar("_Value")


class Headers(Mapping[str, _Value], Generic[_Value]):
    """Header values by name, in whatever case the name is written (RFC 9110 section 5.1)."""

    def __init__(self, fields: Mapping[str, _Value]) -> None:
        self._fields = fields
        self._values = {name.lower(): value for name, value in fields.items()}

    def __getitem__(self, name: str) -> _Value:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The fields of every event. Instants are epoch milliseconds on API Gateway's clock.

    `authorizer` is the context that the authorizer returned on `$connect`. Every later event has it (W45).
    """

    connection_id: str
    request_id: str
    route_key: str
    stage: str
    domain_name: str
    api_id: str
    connected_at: int
    requested_at: int
    source_ip: str
    user_agent: str | None
    authorizer: Mapping[str, Any] = field(repr=False)
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectEvent(Event):
    """A client connects. The handshake waits for the answer (W48)."""

    headers: Mapping[str, str] = field(repr=False)
    multi_headers: Mapping[str, list[str]] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    multi_query: Mapping[str, list[str]] = field(repr=False)

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """The subprotocols the client offers, in its order of preference; malformed names are left out."""
        name = "Sec-WebSocket-Protocol"
        lines = self.multi_headers.get(name) or [self.headers.get(name, "")]
        offered = (protocol.strip() for line in lines for protocol in line.split(","))
        return tuple(protocol for protocol in offered if TOKEN.fullmatch(protocol))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent(Event):
    """A client sent a message; `body` is its text as the client wrote it."""

    message_id: str
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectEvent(Event):
    """A connection ended, with a WebSocket close code where one is known. It may never come (W60)."""

    code: int | None
    reason: str = field(repr=False)


def parse_event(raw: object) -> ConnectEvent | MessageEvent | DisconnectEvent:
    """Parse the event dict of a Lambda invocation. Raises MalformedEventError for anything else.

    Unknown keys are ignored. Keys that API Gateway sometimes leaves out may be missing.
    """
    if not isinstance(raw, dict):
        raise MalformedEventError("the event must be a dict")
    request = _mapping(raw, "requestContext")
    match request.get("eventType"):
        case "CONNECT":
            return _parse_connect(raw, _parse_common(raw, request))
        case "MESSAGE":
            return _parse_message(raw, request, _parse_common(raw, request))
        case "DISCONNECT":
            return _parse_disconnect(request, _parse_common(raw, request))
    raise MalformedEventError("requestContext.eventType must be CONNECT, MESSAGE or DISCONNECT")


def _parse_common(raw: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    identity = _mapping(request, "identity")
    return {
        "connection_id": _text(request, "connectionId"),
        "request_id": _text(request, "requestId"),
        "route_key": _text(request, "routeKey"),
        "stage": _text(request, "stage"),
        "domain_name": _text(request, "domainName"),
        "api_id": _text(request, "apiId"),
        "connected_at": _integer(request, "connectedAt"),
        "requested_at": _integer(request, "requestTimeEpoch"),
        "source_ip": _text(identity, "sourceIp"),
        "user_agent": _optional_text(identity, "userAgent"),
        "authorizer": _optional_mapping(request, "authorizer"),
        "raw": raw,
    }


def _parse_connect(raw: dict[str, Any], common: dict[str, Any]) -> ConnectEvent:
    return ConnectEvent(
        **common,
        headers=Headers(_texts(raw, "headers")),
        multi_headers=Headers(_text_lists(raw, "multiValueHeaders")),
        query=_texts(raw, "queryStringParameters"),
        multi_query=_text_lists(raw, "multiValueQueryStringParameters"),
    )


def _parse_message(raw: dict[str, Any], request: dict[str, Any], common: dict[str, Any]) -> MessageEvent:
    body = _optional_text(raw, "body") or ""
    if raw.get("isBase64Encoded"):
        body = _decode(body)
    return MessageEvent(**common, message_id=_text(request, "messageId"), body=body)


def _parse_disconnect(request: dict[str, Any], common: dict[str, Any]) -> DisconnectEvent:
    code = request.get("disconnectStatusCode")
    known = code is not None and _integer(request, "disconnectStatusCode") >= 0
    reason = _optional_text(request, "disconnectReason") or ""
    return DisconnectEvent(**common, code=code if known else None, reason=reason)


def _decode(body: str) -> str:
    try:
        return b64decode(body, validate=True).decode()
    except ValueError:
        raise MalformedEventError("body must be the base64 of a UTF-8 text") from None


def _text(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key)
    if isinstance(value, str) and value:
        return value
    raise MalformedEventError(f"{key} must be a non-empty string")


def _optional_text(fields: dict[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return value
    raise MalformedEventError(f"{key} must be a string")


def _integer(fields: dict[str, Any], key: str) -> int:
    value = fields.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise MalformedEventError(f"{key} must be an integer")


def _mapping(fields: dict[str, Any], key: str) -> dict[str, Any]:
    value = fields.get(key)
    if isinstance(value, dict):
        return value
    raise MalformedEventError(f"{key} must be an object")


def _optional_mapping(fields: dict[str, Any], key: str) -> dict[str, Any]:
    return {} if fields.get(key) is None else _mapping(fields, key)


def _texts(fields: dict[str, Any], key: str) -> dict[str, str]:
    values = _optional_mapping(fields, key)
    if all(isinstance(name, str) and isinstance(value, str) for name, value in values.items()):
        return values
    raise MalformedEventError(f"{key} must hold strings")


def _text_lists(fields: dict[str, Any], key: str) -> dict[str, list[str]]:
    values = _optional_mapping(fields, key)
    if all(isinstance(name, str) and _is_text_list(value) for name, value in values.items()):
        return values
    raise MalformedEventError(f"{key} must hold lists of strings")


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
