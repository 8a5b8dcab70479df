"""Events as an API Gateway WebSocket API sends them."""

from collections.abc import Mapping
from typing import Any

_ROUTES = {"CONNECT": "$connect", "MESSAGE": "$default", "DISCONNECT": "$disconnect"}


def make_event(
    kind: str,
    connection_id: str,
    *,
    number: int = 1,
    now: int,
    connected_at: int,
    authorizer: Mapping[str, str] | None = None,
    **rest: Any,
) -> dict[str, Any]:
    """Return an event of kind "CONNECT", "MESSAGE" or "DISCONNECT".

    `number` tells requests apart. `now` and `connected_at` are epoch milliseconds. `authorizer` is what the
    authorizer returned. `rest` are further members of the event, such as `body` or `headers`.
    """
    request_id = f"request-{number}"
    context = {
        "routeKey": _ROUTES[kind],
        "eventType": kind,
        "messageDirection": "IN",
        "stage": "local",
        "connectedAt": now if kind == "CONNECT" else connected_at,
        "requestTimeEpoch": now,
        "identity": {"sourceIp": "127.0.0.1"},
        "requestId": request_id,
        "extendedRequestId": request_id,
        "domainName": "127.0.0.1",
        "connectionId": connection_id,
        "apiId": "local",
        **({"messageId": f"message-{number}"} if kind == "MESSAGE" else {}),
        **({"authorizer": dict(authorizer)} if authorizer else {}),
    }
    return {"requestContext": context, "isBase64Encoded": False, **rest}
