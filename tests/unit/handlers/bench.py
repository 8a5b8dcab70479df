"""The application on an in-memory table and an in-memory gateway."""

import json
from collections.abc import Mapping
from typing import Any

from connection_store import ConnectionManager
from connection_store.table import Table
from handlers.application import build_application
from handlers.delivery import Courier
from handlers.services import Services
from handlers.settings import Settings
from publisher import MemoryGateway

NOW = 1_767_225_600_000
SETTINGS = {
    "TABLE_NAME": "connections",
    "MANAGEMENT_ENDPOINT": "http://127.0.0.1:1/local",
    "AWS_REGION": "us-east-1",
    "ALLOW_GUESTS": "true",
}


class Bench:
    """Sends events to the application as API Gateway would, and holds what came of it."""

    def __init__(self, **settings: str) -> None:
        self.settings = Settings.from_environment({**SETTINGS, **settings})
        self.table = Table("connections", workers=1, budget=30)
        self.connections = ConnectionManager(table=self.table)
        self.gateway = MemoryGateway()
        courier = Courier(self.gateway, self.connections)
        services = Services(self.settings, self.connections, self.gateway, courier)
        self.application = build_application(services)
        self.requests = 0

    def connect(
        self,
        connection_id: str,
        name: str | None = "Ann",
        now: int = NOW,
        authorizer: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """One `$connect`; returns the Lambda's answer."""
        query = {"queryStringParameters": {"name": name}} if name is not None else {}
        return self._resolve("CONNECT", "$connect", connection_id, now, {"headers": {}, **query}, authorizer)

    def disconnect(self, connection_id: str, now: int = NOW) -> dict[str, Any]:
        """One `$disconnect`; returns the Lambda's answer."""
        return self._resolve("DISCONNECT", "$disconnect", connection_id, now, {"headers": {}}, None)

    def send(self, connection_id: str, message: Mapping[str, Any] | str, now: int = NOW) -> Any:
        """One message; returns the frame the client reads, or None."""
        body = message if isinstance(message, str) else json.dumps(message)
        answer = self._resolve("MESSAGE", "$default", connection_id, now, {"body": body}, None)
        assert answer["statusCode"] == 200
        return json.loads(answer["body"]) if "body" in answer else None

    def user_of(self, connection_id: str) -> str:
        """The user id the server gave a connection."""
        user_id: str = self.send(connection_id, {"action": "whoami"})["user_id"]
        return user_id

    def frames_to(self, connection_id: str) -> list[Any]:
        """What was posted to a connection."""
        return [json.loads(frame) for to, frame in self.gateway.posts if to == connection_id]

    def _resolve(
        self,
        event_type: str,
        route: str,
        connection_id: str,
        now: int,
        rest: Mapping[str, Any],
        authorizer: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        self.requests += 1
        request_id = f"request-{self.requests}"
        context = {
            "routeKey": route,
            "eventType": event_type,
            "messageDirection": "IN",
            "stage": "local",
            "connectedAt": now if event_type == "CONNECT" else NOW,
            "requestTimeEpoch": now,
            "identity": {"sourceIp": "127.0.0.1"},
            "requestId": request_id,
            "extendedRequestId": request_id,
            "domainName": "127.0.0.1",
            "connectionId": connection_id,
            "apiId": "local",
            **({"messageId": f"message-{self.requests}"} if event_type == "MESSAGE" else {}),
            **({"authorizer": dict(authorizer)} if authorizer else {}),
        }
        return self.application.resolve({"requestContext": context, "isBase64Encoded": False, **rest}, None)
