"""The handler of both sides: says a message back, by route response, or by a post when it begins with "post".

Posts are written by hand on a kept connection: it is the gateway that is to be measured, not an SDK.
"""

import os
import socket
from typing import Any
from urllib.parse import quote, urlsplit

_endpoint = urlsplit(os.environ.get("ENDPOINT") or os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one event."""
    context, body = event["requestContext"], event.get("body")
    if context["routeKey"] != "$default" or not body:
        return {"statusCode": 200}
    if not body.startswith("post"):
        return {"statusCode": 200, "body": body}
    path = f"{_endpoint.path}/@connections/{quote(context['connectionId'], safe='')}"
    head = f"POST {path} HTTP/1.1\r\nHost: {_endpoint.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    request = f"{head}{body}".encode()
    answer = _send(request) or _send(request, anew=True)
    assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 204 ")), answer  # the latter is theirs
    return {"statusCode": 200}


_line: socket.socket | None = None


def _send(request: bytes, *, anew: bool = False) -> bytes:
    """What a post is answered; nothing on a connection that was idle for too long."""
    global _line
    if _line is None or anew:
        _line = socket.create_connection((_endpoint.hostname, _endpoint.port))
    try:
        _line.sendall(request)
        return _line.recv(65_536)
    except ConnectionError:
        return b""
