"""The framework's own application on an in-memory table and an in-memory gateway."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from connection_store import QueuedBroadcasts
from connection_store.schema import connection_key
from connection_store.table import Table
from connection_store.wire import encode
from signalbox import EVERYONE, Application
from signalbox.realtime.delivery.worker import BroadcastWorker
from signalbox.realtime.services import Connectors, build_workers
from signalbox.realtime.settings import RealtimeSettings
from signalbox.testing.capacity import CapacityMeter
from signalbox.testing.dynamodb import MemoryEngine
from signalbox.testing.events import make_event
from signalbox.testing.gateway import MemoryGateway
from tests.framework.application import app as default_application
from tests.framework.realtime.queues import MemoryQueue

NOW = 1_767_225_600_000
SETTINGS = {
    "TABLE_NAME": "connections",
    "MANAGEMENT_ENDPOINT": "http://127.0.0.1:1/local",
    "AWS_REGION": "us-east-1",
    "ALLOW_GUESTS": "true",
    "DEMO": "true",
}


class Backend:
    """Sends events to an application as API Gateway would, and holds what came of it."""

    def __init__(
        self,
        app: Application = default_application,
        /,
        engine: MemoryEngine | None = None,
        **settings: str,
    ) -> None:
        self.settings = RealtimeSettings.from_environment({**SETTINGS, **settings})
        self.meter = CapacityMeter()
        self.engine = engine or MemoryEngine()
        self.table = Table("connections", engine=self.engine, budget=30, listener=self.meter)
        self.gateway = MemoryGateway()
        self.queue = MemoryQueue()
        self.broadcasts = QueuedBroadcasts(self.table)
        self.connectors = Connectors(self.table, self.gateway, self.queue)
        self.worker_of = build_workers(self.connectors, jitter=lambda: 0.0)
        self.worker: BroadcastWorker = self.worker_of("")
        assembly = app.assemble(self.settings, self.connectors, jitter=lambda: 0.0)
        self.services, self.application = assembly.services, assembly.resolver
        self.connections = self.services.connections
        self.broadcaster = self.services.broadcaster
        self.lambda_context: object = None
        self.requests = 0

    def on_message(self, key: str) -> Callable[[Any], Any]:
        """Register a handler whose messages anybody may send."""
        return self.application.on_message(key, allow=EVERYONE)

    def connect(
        self,
        connection_id: str,
        name: str | None = "Ann",
        now: int = NOW,
        authorizer: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        client: str | None = None,
        replaces: str | None = None,
    ) -> dict[str, Any]:
        """One `$connect`; returns the Lambda's answer."""
        given = {"name": name, "client": client, "replaces": replaces}
        query = {key: value for key, value in given.items() if value is not None}
        rest = {"headers": headers or {}, **({"queryStringParameters": query} if query else {})}
        return self._resolve("CONNECT", connection_id, now, rest, authorizer)

    def disconnect(
        self, connection_id: str, now: int = NOW, authorizer: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """One `$disconnect`; returns the Lambda's answer."""
        return self._resolve("DISCONNECT", connection_id, now, {"headers": {}}, authorizer)

    def send(
        self,
        connection_id: str,
        message: Mapping[str, Any] | str,
        now: int = NOW,
        authorizer: Mapping[str, str] | None = None,
    ) -> Any:
        """One message; returns the frame the client reads, or None."""
        body = message if isinstance(message, str) else json.dumps(message)
        answer = self._resolve("MESSAGE", connection_id, now, {"body": body}, authorizer)
        assert answer["statusCode"] == 200
        return json.loads(answer["body"]) if "body" in answer else None

    def subscribe(self, connection_id: str, *channels: str, now: int = NOW, **options: Any) -> Any:
        """One subscribe without positions; returns its frame."""
        wanted = [{"channel": channel} for channel in channels]
        return self.send(connection_id, {"action": "channel.subscribe", "channels": wanted}, now, **options)

    def count_channels(self, connection_id: str, number: int) -> None:
        """Have a connection believed to be subscribed to so many channels."""
        self.ask(
            "UpdateItem",
            Key=encode(connection_key("", connection_id)._asdict()),
            UpdateExpression="SET channels = :number",
            ExpressionAttributeValues={":number": {"N": str(number)}},
        )

    def ask(self, operation: str, **request: Any) -> Any:
        """Ask the table's engine past the store."""
        return self.engine.execute(operation, {"TableName": self.table.name, **request})

    def lend_table(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have services that are built from the environment work on this table, too."""
        monkeypatch.setattr("signalbox.realtime.services.Table", partial(Table, engine=self.engine))

    def items(self) -> list[Any]:
        """Every item in the table, expired or not."""
        items: list[Any] = self.ask("Scan")["Items"]
        return items

    def publish(self, connection_id: str, channel: str, data: Any, now: int = NOW, **fields: Any) -> Any:
        """One publish; returns its frame."""
        message = {"action": "channel.publish", "channel": channel, "data": data, **fields}
        return self.send(connection_id, message, now)

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
        connection_id: str,
        now: int,
        rest: Mapping[str, Any],
        authorizer: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        self.requests += 1
        event = make_event(
            event_type,
            connection_id,
            number=self.requests,
            now=now,
            connected_at=NOW,
            authorizer=authorizer,
            **rest,
        )
        return self.application.resolve(event, self.lambda_context)
