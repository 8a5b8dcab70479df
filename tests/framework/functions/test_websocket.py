import json
from typing import Any

import pytest

from signalbox.functions.websocket import Handler, make_handler
from signalbox.resolver import WebSocketResolver
from signalbox.testing.events import make_event
from tests.framework.realtime.backend import NOW


@pytest.fixture
def resolver() -> WebSocketResolver:
    resolver = WebSocketResolver()

    @resolver.on_message("greet")
    def greet(body: dict[str, str]) -> dict[str, str]:
        return {"type": "greeting", "text": f"Hello {body['name']}"}

    return resolver


@pytest.fixture
def handler(resolver: WebSocketResolver) -> Handler:
    return make_handler(resolver, lambda: None)


def message(**body: str) -> dict[str, Any]:
    return make_event(
        "MESSAGE", "a=", number=1, now=NOW, connected_at=NOW, authorizer=None, body=json.dumps(body)
    )


def test_message_is_answered_when_a_handler_takes_it(handler: Handler) -> None:
    answer = handler(message(action="greet", name="Ann"), None)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["text"] == "Hello Ann"


def test_function_is_warmed_once_when_it_is_made(resolver: WebSocketResolver) -> None:
    warmed: list[int] = []

    handler = make_handler(resolver, lambda: warmed.append(1))
    handler(message(action="greet", name="Ann"), None)

    assert warmed == [1]


@pytest.mark.parametrize(
    "event",
    [{}, None, [], {"Records": []}, {"requestContext": {"http": {}}}, {"source": "aws.events"}],
    ids=str,
)
def test_event_is_answered_with_400_and_the_reason_when_it_is_of_another_kind(
    handler: Handler, event: Any
) -> None:
    answer = handler(event, None)

    assert answer["statusCode"] == 400
    text = json.loads(answer["body"])["message"]
    assert text.startswith("this function answers events of an API Gateway WebSocket API: ")
