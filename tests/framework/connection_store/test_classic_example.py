# mypy: allow-untyped-defs, allow-untyped-calls
"""The example that users of the field's reference library know, with this store and this resolver.

A middleware touches the connection, and a handler looks it up. Covers connection_store.connections.
"""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from connection_store import ConnectionManager, Table
from signalbox.resolver import WebSocketResolver
from signalbox.testing.dynamodb import MemoryEngine

ID = "BFaT_fALIAMCKug="
CONTEXT = SimpleNamespace(aws_request_id="lambda-1", get_remaining_time_in_millis=lambda: 24_000)


def event_of(route: str, kind: str, **rest: Any) -> dict[str, Any]:
    request = {
        "routeKey": route,
        "eventType": kind,
        "connectionId": ID,
        "requestId": "req-1=",
        "messageId": "message-1=",
        "requestTimeEpoch": time.time_ns() // 1_000_000,
        "connectedAt": time.time_ns() // 1_000_000,
        "domainName": "localhost",
        "stage": "prod",
        "apiId": "api",
        "identity": {"sourceIp": "127.0.0.1"},
    }
    return {"requestContext": request, "isBase64Encoded": False, **rest}


@pytest.fixture
def manager() -> ConnectionManager:
    manager = ConnectionManager(table=Table("connections", engine=MemoryEngine()))
    asyncio.run(manager.init_table())
    return manager


@pytest.fixture
def resolver(manager: ConnectionManager) -> WebSocketResolver:
    resolver = WebSocketResolver()

    @resolver.middleware
    async def touch(event, context, next_handler):
        await manager.update_last_seen(event["requestContext"]["connectionId"])
        return await next_handler(event, context)

    @resolver.on_connect()
    async def connect(event, context, connection_id):
        await manager.connect(connection_id, {"agent": event["headers"]["User-Agent"]})
        return {"statusCode": 200}

    @resolver.on_disconnect()
    async def disconnect(event, context, connection_id):
        await manager.disconnect(connection_id)
        return {"statusCode": 200}

    @resolver.on_message("profile")
    async def profile(event, context, connection_id, body):
        connection = await manager.get_connection(connection_id)
        if not connection:
            return {"statusCode": 400, "message": "Invalid connection"}
        return {"status": connection.status, "agent": connection.client_data["agent"]}

    return resolver


def ask(resolver: WebSocketResolver) -> Any:
    event = event_of("profile", "MESSAGE", body='{"action": "profile"}')
    return resolver.resolve(event, CONTEXT)


def test_client_sees_its_data_while_it_is_connected(resolver: WebSocketResolver) -> None:
    headers = {"User-Agent": "browser"}
    accepted = resolver.resolve(event_of("$connect", "CONNECT", headers=headers), CONTEXT)
    assert accepted["statusCode"] == 200
    assert json.loads(ask(resolver)["body"]) == {"status": "connected", "agent": "browser"}


def test_client_sees_the_handlers_message_when_its_connection_is_gone(resolver: WebSocketResolver) -> None:
    resolver.resolve(event_of("$connect", "CONNECT", headers={"User-Agent": "browser"}), CONTEXT)
    resolver.resolve(event_of("$disconnect", "DISCONNECT"), CONTEXT)
    answer = ask(resolver)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"]) == {"message": "Invalid connection"}
