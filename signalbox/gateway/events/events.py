"""The events for functions, with the keys that API Gateway sends. Missing values are absent (W33-W46)."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from ..config import Config
from ..sockets.connections import Connection
from .ids import IdGenerator

_NOTHING: Mapping[str, object] = {}
_ACCOUNT = "000000000000"
# The event of an authorizer has these hop-by-hop headers, that of `$connect` does not (W41, W84).
_HOP_BY_HOP = {"Connection": "upgrade", "Upgrade": "websocket", "content-length": "0"}
_CANONICAL = {
    name.lower(): name
    for name in (
        "Host",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Version",
    )
}


@dataclass(frozen=True, slots=True)
class FunctionEvent:
    """One event for a function: its JSON, and the values for answers and log lines."""

    connection_id: str
    route: str
    request_id: str
    payload: bytes


class EventWriter:
    """Creates the events of one API.

    `domain` is the host and port of the gateway. `now` is the clock in epoch milliseconds.
    """

    def __init__(self, config: Config, domain: str, ids: IdGenerator, now: Callable[[], int]) -> None:
        self._config = config
        self._domain = domain
        self._ids = ids
        self._now = now
        # The key is absent when the stage has no variables (W33).
        self._variables = {"stageVariables": dict(variables)} if (variables := config.stage_variables) else {}

    def authorization(
        self, connection: Connection, query: str, headers: Iterable[tuple[str, str]]
    ) -> FunctionEvent:
        """Return the event of the authorizer (W84). Here empty values are present."""
        context = self._context(connection, "$connect", "CONNECT", connection.connected_at)
        multi_headers = _grouped(self._forwarded(connection, headers, _HOP_BY_HOP))
        multi_query = _grouped(parse_qsl(query, keep_blank_values=True))
        config = self._config
        api = f"arn:aws:execute-api:{config.region}:{_ACCOUNT}:{config.api_id}"
        payload = {
            "type": "REQUEST",
            "methodArn": f"{api}/{config.stage}/$connect",
            "headers": _last(multi_headers),
            "multiValueHeaders": multi_headers,
            "queryStringParameters": _last(multi_query),
            "multiValueQueryStringParameters": multi_query,
            "stageVariables": dict(config.stage_variables),
            "requestContext": context,
        }
        return FunctionEvent(connection.id, "$connect", context["requestId"], json.dumps(payload).encode())

    def connect(
        self, connection: Connection, query: str, headers: Iterable[tuple[str, str]]
    ) -> FunctionEvent:
        """Return the CONNECT event (W33). `query` is the raw query string."""
        context = self._context(connection, "$connect", "CONNECT", connection.connected_at)
        multi_headers = _grouped(self._forwarded(connection, headers, {}))
        payload: dict[str, Any] = {"headers": _last(multi_headers), "multiValueHeaders": multi_headers}
        if multi_query := _grouped(parse_qsl(query, keep_blank_values=True)):
            payload["queryStringParameters"] = _last(multi_query)
            payload["multiValueQueryStringParameters"] = multi_query
        return _event(context, {**payload, **self._variables, "requestContext": context})

    def message(self, connection: Connection, route: str, body: str) -> FunctionEvent:
        """Return the MESSAGE event (W34). `route` is the matched key, not the selecting value (W40)."""
        message_id = self._ids.message(connection.id)
        context = self._context(
            connection, route, "MESSAGE", self._later(connection), {"messageId": message_id}
        )
        return _event(context, {**self._variables, "requestContext": context, "body": body})

    def disconnect(self, connection: Connection, code: int, reason: str) -> FunctionEvent:
        """Return the DISCONNECT event (W35) with the close code and reason."""
        context = self._context(
            connection,
            "$disconnect",
            "DISCONNECT",
            self._later(connection),
            {"disconnectStatusCode": code},
            {"disconnectReason": reason},
        )
        headers = {"Host": self._domain, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
        multi_headers = {name: [value] for name, value in headers.items()}
        payload = {"headers": headers, "multiValueHeaders": multi_headers, **self._variables}
        return _event(context, {**payload, "requestContext": context})

    def _context(
        self,
        connection: Connection,
        route: str,
        event_type: str,
        requested_at: int,
        subject: Mapping[str, object] = _NOTHING,
        ending: Mapping[str, object] = _NOTHING,
    ) -> dict[str, Any]:
        request_id = self._ids.request()
        identity = {"sourceIp": connection.source_ip}
        if connection.user_agent is not None:
            identity["userAgent"] = connection.user_agent
        return {
            "routeKey": route,
            **subject,
            **({"authorizer": connection.authorizer} if connection.authorizer else _NOTHING),
            "eventType": event_type,
            "extendedRequestId": request_id,
            "requestTime": _common_log_time(requested_at // 1000),
            "messageDirection": "IN",
            **ending,
            "stage": self._config.stage,
            "connectedAt": connection.connected_at,
            "requestTimeEpoch": requested_at,
            "identity": identity,
            "requestId": request_id,
            "domainName": self._domain,
            "connectionId": connection.id,
            "apiId": self._config.api_id,
        }

    def _later(self, connection: Connection) -> int:
        """Return the time, which is always later than that of the connection (W38)."""
        return max(self._now(), connection.connected_at + 1)

    def _forwarded(
        self, connection: Connection, headers: Iterable[tuple[str, str]], more: Mapping[str, str]
    ) -> list[tuple[str, str]]:
        """Return the client's headers, those of API Gateway and some `more`, sorted (W41)."""
        added = {
            **more,
            "X-Amzn-Trace-Id": self._ids.trace(),
            "X-Forwarded-For": connection.source_ip,
            "X-Forwarded-Port": "443",
            "X-Forwarded-Proto": "https",
        }
        replaced = {name.lower() for name in (*_HOP_BY_HOP, *added)}
        spelling = dict(_CANONICAL)
        kept = [
            (spelling.setdefault(name.lower(), name), value)
            for name, value in headers
            if name.lower() not in replaced
        ]
        return sorted([*kept, *added.items()], key=lambda header: header[0].lower())


def _event(context: Mapping[str, Any], payload: Mapping[str, Any]) -> FunctionEvent:
    text = json.dumps({**payload, "isBase64Encoded": False})
    return FunctionEvent(context["connectionId"], context["routeKey"], context["requestId"], text.encode())


@lru_cache(1)
def _common_log_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _last(values: Mapping[str, list[str]]) -> dict[str, str]:
    """Return one value per name, the last of a repeated one (W44)."""
    return {name: several[-1] for name, several in values.items()}
