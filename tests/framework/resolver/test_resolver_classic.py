# mypy: allow-untyped-defs, allow-untyped-calls
"""The surface people know from the libraries of this field, used as their documentation shows it."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from signalbox.resolver import WebSocketResolver

Build = Callable[..., dict[str, Any]]

resolver = WebSocketResolver()
connections: dict[str, str] = {}


class AuthMiddleware:
    async def __call__(self, event, context, next_handler):
        if event["requestContext"]["eventType"] == "CONNECT" and "Authorization" not in event["headers"]:
            return {"statusCode": 401}
        return await next_handler(event, context)


resolver.middleware(AuthMiddleware())


@resolver.middleware
async def count_fields(event, context, next_handler):
    response = await next_handler(event, context)
    return response | {"fields": len(response)} if "statusCode" not in response else response


@resolver.on_connect()
async def connect_handler(event, context, connection_id):
    connections[connection_id] = event["headers"]["Authorization"]
    return {"statusCode": 200, "body": "Connected"}


@resolver.on_disconnect()
async def disconnect_handler(event, context, connection_id):
    del connections[connection_id]
    return {"statusCode": 200}


@resolver.on_message("echo")
async def echo(event, context, connection_id, body):
    return {"from": connection_id, "text": body["text"], "request": context.aws_request_id}


@resolver.on_message("sync")
def echo_in_a_thread(event, context, connection_id, body):
    return {"left": context.get_remaining_time_in_millis(), "stage": event["requestContext"]["stage"]}


@resolver.on_default()
async def default_handler(event, context, connection_id, body):
    return {"statusCode": 200, "body": json.dumps({"unknown": body})}


def handler(event, context):
    return resolver.resolve(event, context)


@pytest.fixture
def lambda_context() -> Any:
    return SimpleNamespace(aws_request_id="lambda-1", get_remaining_time_in_millis=lambda: 24_000)


def test_classic_lambda_lives_a_connections_life(
    connect: Build, message: Build, disconnect: Build, lambda_context: Any
) -> None:
    assert handler(connect(), lambda_context) == {"statusCode": 401}
    accepted = handler(connect(headers={"Authorization": "token"}), lambda_context)
    assert accepted == {"statusCode": 200, "body": "Connected"}
    assert connections == {"conn-1=": "token"}

    echoed = handler(message({"action": "echo", "text": "hi"}), lambda_context)
    assert json.loads(echoed["body"]) == {"from": "conn-1=", "text": "hi", "request": "lambda-1", "fields": 3}
    threaded = handler(message({"action": "sync"}), lambda_context)
    assert json.loads(threaded["body"]) == {"left": 24_000, "stage": "prod", "fields": 2}
    unknown = handler(message({"action": "dance"}), lambda_context)
    assert json.loads(unknown["body"]) == {"unknown": {"action": "dance"}}

    assert handler(disconnect(), lambda_context) == {"statusCode": 200}
    assert connections == {}


def test_classic_lambda_answers_by_code_when_a_message_is_wrong(message: Build, lambda_context: Any) -> None:
    not_json = handler(message("hello"), lambda_context)
    assert json.loads(not_json["body"])["code"] == "bad_request"
    missing_field = handler(message({"action": "echo", "id": 1}), lambda_context)
    assert json.loads(missing_field["body"]) == {
        "type": "error",
        "code": "internal",
        "retry": False,
        "request_id": "req-1=",
        "id": 1,
    }
