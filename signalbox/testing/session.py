"""A WebSocket client for tests that are plain functions. Its API follows Starlette's TestClient."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol


class WebSocketDisconnect(Exception):  # noqa: N818 Starlette's name for it
    """The connection is closed. `code` and `reason` are those of the close frame (1006: there was none)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class HandshakeRefused(Exception):  # noqa: N818 a test may expect it
    """The gateway refused the handshake with the HTTP `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class WebSocketSession:
    """An open connection. Every call raises TimeoutError after `timeout` seconds."""

    def __init__(self, client: ClientConnection, connection_id: str, timeout: float) -> None:
        self.connection_id = connection_id
        self._client = client
        self._timeout = timeout

    @property
    def accepted_subprotocol(self) -> str | None:
        """The subprotocol that `$connect` chose, or None."""
        return self._client.subprotocol

    def send_text(self, data: str) -> None:
        """Send a message. Raises WebSocketDisconnect when the connection is closed."""
        with _disconnects():
            self._client.send(data)

    def send_json(self, data: Any) -> None:
        """Send a value as JSON. Raises WebSocketDisconnect when the connection is closed."""
        self.send_text(json.dumps(data))

    def receive_text(self) -> str:
        """Wait for the next frame. Raises WebSocketDisconnect when the connection is closed."""
        with _disconnects():
            return cast("str", self._client.recv(self._timeout))

    def receive_json(self) -> Any:
        """Wait for the next frame, and parse it as JSON. Raises WebSocketDisconnect."""
        return json.loads(self.receive_text())

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection. Does nothing when it is closed already."""
        self._client.close(code, reason)


@contextmanager
def open_session(
    url: str,
    headers: Mapping[str, str],
    subprotocols: Sequence[str],
    identify: Callable[[tuple[str, int]], str],
    timeout: float,
) -> Iterator[WebSocketSession]:
    """Connect a client, which is closed at the end of the context. Raises HandshakeRefused on entry.

    `identify` returns the connection id for the address of a client.
    """
    try:
        client = connect(
            url,
            additional_headers=headers,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            open_timeout=timeout,
            close_timeout=timeout,
            # API Gateway has no compression and sends no pings. Without a queue limit, a client that
            # has not read all of its frames still receives the close.
            compression=None,
            ping_interval=None,
            max_queue=None,
            proxy=None,
        )
    except InvalidStatus as refusal:
        raise HandshakeRefused(refusal.response.status_code) from refusal
    with client:
        yield WebSocketSession(client, identify(client.local_address[:2]), timeout)


@contextmanager
def _disconnects() -> Iterator[None]:
    try:
        yield
    except ConnectionClosed as closed:
        close = closed.rcvd or closed.sent
        raise WebSocketDisconnect(close.code if close else 1006, close.reason if close else "") from closed
