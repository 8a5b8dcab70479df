"""Events as API Gateway sends them (facts W33 to W45), and what comes back read as a client would."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from signalbox.resolver import RUNTIME, WebSocketResolver

AnyEvent = dict[str, Any]

_REQUEST = {
    "extendedRequestId": "req-1=",
    "requestTime": "21/Nov/2025:10:00:00 +0000",
    "messageDirection": "IN",
    "stage": "prod",
    "connectedAt": 1_763_719_200_000,
    "requestTimeEpoch": 1_763_719_200_008,
    "identity": {"sourceIp": "192.0.2.7", "userAgent": "a browser"},
    "requestId": "req-1=",
    "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
    "connectionId": "conn-1=",
    "apiId": "abc",
}


@pytest.fixture(autouse=True)
def _closed_runtime() -> Iterator[None]:
    yield
    RUNTIME.close()


@pytest.fixture
def connect() -> Callable[..., AnyEvent]:
    """A `$connect` event; keywords replace keys of the request context, `headers` those of the event."""

    def build(headers: dict[str, str] | None = None, **request: Any) -> AnyEvent:
        headers = headers or {"Host": "abc.execute-api.eu-west-1.amazonaws.com"}
        return {
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "requestContext": copy.deepcopy(_REQUEST)
            | {"routeKey": "$connect", "eventType": "CONNECT"}
            | request,
            "isBase64Encoded": False,
        }

    return build


@pytest.fixture
def message() -> Callable[..., AnyEvent]:
    """A message event; a body that is not text is written as JSON."""

    def build(body: Any = "", **request: Any) -> AnyEvent:
        return {
            "requestContext": copy.deepcopy(_REQUEST)
            | {"routeKey": "$default", "messageId": "msg-1=", "eventType": "MESSAGE"}
            | request,
            "body": body if isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }

    return build


@pytest.fixture
def disconnect() -> Callable[..., AnyEvent]:
    """A `$disconnect` event."""

    def build(**request: Any) -> AnyEvent:
        headers = {"Host": "abc", "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
        return {
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "requestContext": copy.deepcopy(_REQUEST)
            | {
                "routeKey": "$disconnect",
                "eventType": "DISCONNECT",
                "disconnectStatusCode": 1005,
                "disconnectReason": "Client-side close frame status not set",
            }
            | request,
            "isBase64Encoded": False,
        }

    return build


@pytest.fixture
def ask(message: Callable[..., AnyEvent]) -> Callable[..., Any]:
    """Send a message through a resolver and read the frame that comes back, None when none does."""

    def send(resolver: WebSocketResolver, body: Any, **request: Any) -> Any:
        answer = resolver.resolve(message(body, **request))
        assert answer["statusCode"] == 200
        return json.loads(answer["body"]) if "body" in answer else None

    return send


@pytest.fixture
def fail_with() -> Callable[..., tuple[WebSocketResolver, list[tuple[str | None, BaseException]]]]:
    """A resolver whose every handler raises one error, and the routes and errors it reports as unexpected."""

    def build(
        error: BaseException, **options: Any
    ) -> tuple[WebSocketResolver, list[tuple[str | None, BaseException]]]:
        reported: list[tuple[str | None, BaseException]] = []
        resolver = WebSocketResolver(
            on_unexpected=lambda context, error: reported.append((context.route_key, error)), **options
        )

        async def fail() -> None:
            raise error

        @resolver.on_message("fail in a thread")
        def fail_in_a_thread() -> None:
            raise error

        for register in (resolver.on_connect(), resolver.on_disconnect(), resolver.on_message("fail")):
            register(fail)
        return resolver, reported

    return build
