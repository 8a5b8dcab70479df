"""An application in this process, for fast tests of its handlers: no socket, no AWS, no waiting.

A test of a handler:

    def test_publication_reaches_the_room():
        backend = Backend(app)
        ann, bob = backend.connect("ann"), backend.connect("bob")
        bob.subscribe("room:1")
        ann.subscribe("room:1")

        assert ann.publish("room:1", "hello")["type"] == "channel.published"
        assert bob.received[-1]["data"] == "hello"
"""

import json
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any, Self

from connection_store import Table
from signalbox.application import Application
from signalbox.identity.principal import Principal
from signalbox.moment import Moment
from signalbox.realtime.publishing import BlockingPublisher, Publisher
from signalbox.realtime.services import Connectors
from signalbox.realtime.settings import RealtimeSettings
from signalbox.resolver import RUNTIME

from .dynamodb import MemoryEngine
from .events import make_event
from .gateway import MemoryGateway

START = 1_767_225_600_000
"""The instant at which a backend begins, in epoch milliseconds: 2026-01-01T00:00:00Z."""

SETTINGS = {
    "TABLE_NAME": "connections",
    "MANAGEMENT_ENDPOINT": "http://127.0.0.1:1/test",
    "AWS_REGION": "us-east-1",
    "ALLOW_GUESTS": "true",
}

_SECONDS = 20.0


class HandshakeRefusedError(Exception):
    """`$connect` was answered with a status that opens no connection."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake was answered with {status}")
        self.status = status


class Backend:
    """An application on a table and a gateway in memory. Its clock stands still until you `advance` it.

    `settings` are environment variables of the framework, such as `INLINE_RECIPIENTS="5"`. The application's
    own settings come from the environment. Raises RegistrationError and SettingsError.
    """

    def __init__(self, app: Application, **settings: str) -> None:
        self.now = START
        self.gateway = MemoryGateway()
        self._requests = 0
        self._read = RealtimeSettings.from_environment({**SETTINGS, **settings})
        connectors = Connectors(Table(self._read.table_name, engine=MemoryEngine(), budget=30), self.gateway)
        self._assembly = app.assemble(self._read, connectors, jitter=lambda: 0.0)
        RUNTIME.run(self._assembly.services.connections.init_table())

    @property
    def services(self) -> Any:
        """The application's own services."""
        return self._assembly.resolver.services

    @property
    def publisher(self) -> BlockingPublisher:
        """A publisher as other processes have it."""
        return BlockingPublisher(Publisher(lambda: self._assembly.services, self._moment))

    def connect(
        self,
        user_id: str | None = None,
        *,
        roles: Collection[str] = (),
        tenant: str = "",
        claims: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Connection":
        """Connect as a user, or as a guest without a `user_id`. Raises HandshakeRefusedError."""
        connection = Connection(
            self, f"connection-{self._requests}=", _authorizer(user_id, roles, tenant, claims)
        )
        answer = connection.resolve("CONNECT", headers=headers or {}, queryStringParameters=dict(query or {}))
        if answer["statusCode"] >= 300:
            raise HandshakeRefusedError(answer["statusCode"])
        return connection

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.now += round(seconds * 1_000)

    def sweep(self) -> int:
        """End the connections that expired or fell silent, as the sweeper does; return how many."""
        return RUNTIME.run(self._assembly.services.endings.sweep(self._moment()))

    def resolve(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer an event of API Gateway, as the Lambda function does."""
        return self._assembly.resolver.resolve(event)

    def next_request(self) -> int:
        """Return the number of the next request."""
        self._requests += 1
        return self._requests

    def close(self) -> None:
        """Close the services: `aclose` or `close` of their object is called, if it has one."""
        services = self.services
        if (aclose := getattr(services, "aclose", None)) is not None:
            RUNTIME.run(aclose())
        elif (close := getattr(services, "close", None)) is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _moment(self) -> Moment:
        return Moment(self.now, lambda: _SECONDS)


class Connection:
    """A client's connection. `connection_id` is API Gateway's id."""

    def __init__(self, backend: Backend, connection_id: str, authorizer: Mapping[str, str]) -> None:
        self.connection_id = connection_id
        self._backend = backend
        self._authorizer = authorizer
        self._connected_at = backend.now

    @property
    def received(self) -> list[Any]:
        """The frames that were posted to this connection, oldest first. Replies are not among them."""
        return [json.loads(frame) for to, frame in self._backend.gateway.posts if to == self.connection_id]

    @property
    def closed(self) -> bool:
        """Whether the backend has closed this connection."""
        return self.connection_id in self._backend.gateway.closed

    def send(self, action: str, **fields: Any) -> Any:
        """Send a message; return the reply, or None if there was none."""
        return self.send_text(json.dumps({"action": action, **fields}))

    def send_text(self, text: str) -> Any:
        """Send a text as it is; return the reply, or None if there was none."""
        answer = self.resolve("MESSAGE", body=text)
        return json.loads(answer["body"]) if "body" in answer else None

    def subscribe(self, *channels: str) -> Any:
        """Subscribe to channels; return the reply."""
        return self.send("channel.subscribe", channels=[{"channel": channel} for channel in channels])

    def publish(self, channel: str, data: Any, key: str | None = None) -> Any:
        """Publish on a channel; return the reply."""
        return self.send("channel.publish", channel=channel, data=data, **({"key": key} if key else {}))

    def disconnect(self) -> None:
        """Close the connection."""
        self.resolve("DISCONNECT", headers={}, code=1_000)

    def resolve(self, kind: str, *, code: int | None = None, **rest: Any) -> dict[str, Any]:
        """Send an event of this connection; return the Lambda function's answer."""
        event = make_event(
            kind,
            self.connection_id,
            number=self._backend.next_request(),
            now=self._backend.now,
            connected_at=self._connected_at,
            authorizer=self._authorizer,
            **rest,
        )
        if code is not None:
            event["requestContext"] |= {"disconnectStatusCode": code, "disconnectReason": ""}
        return self._backend.resolve(event)


def _authorizer(
    user_id: str | None, roles: Collection[str], tenant: str, claims: Mapping[str, Any] | None
) -> Mapping[str, str]:
    if user_id is None:
        return {}
    principal = Principal(user_id, claims or {}, roles=frozenset(roles), tenant=tenant)
    return {"principalId": user_id, **principal.to_context()}
