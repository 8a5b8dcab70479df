"""A WebSocket client for tests that are plain functions; it reads like that of Starlette's TestClient."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol


class WebSocketDisconnect(Exception):  # noqa: N818 Starlette's name for it
    """The connection is closed: `code` and `reason` of the close, 1006 when there was none."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class HandshakeRefused(Exception):  # noqa: N818 it is no error of the test's
    """The gateway answered the handshake with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class WebSocketSession:
    """An open connection. What does not happen within `patience` seconds raises TimeoutError."""

    def __init__(self, client: ClientConnection, connection_id: str, patience: float) -> None:
        self.connection_id = connection_id
        self._client = client
        self._patience = patience

    @property
    def accepted_subprotocol(self) -> str | None:
        """The subprotocol `$connect` chose."""
        return self._client.subprotocol

    def send_text(self, data: str) -> None:
        """Send a message. Raises WebSocketDisconnect, as all that follows does."""
        with _disconnects():
            self._client.send(data)

    def send_json(self, data: Any) -> None:
        """Send a value as JSON."""
        self.send_text(json.dumps(data))

    def receive_text(self) -> str:
        """The next frame."""
        with _disconnects():
            return cast("str", self._client.recv(self._patience))

    def receive_json(self) -> Any:
        """The value of the next frame."""
        return json.loads(self.receive_text())

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close, unless that has happened."""
        self._client.close(code, reason)


@contextmanager
def open_session(
    url: str,
    headers: Mapping[str, str],
    subprotocols: Sequence[str],
    identify: Callable[[tuple[str, int]], str],
    patience: float,
) -> Iterator[WebSocketSession]:
    """A session for as long as the context lasts; `identify` knows the connection id of a client's address.

    Raises HandshakeRefused on entry.
    """
    try:
        client = connect(
            url,
            additional_headers=headers,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            open_timeout=patience,
            close_timeout=patience,
            # As API Gateway has it; and a close gets through, however much is left unread.
            compression=None,
            ping_interval=None,
            max_queue=None,
            proxy=None,
        )
    except InvalidStatus as refusal:
        raise HandshakeRefused(refusal.response.status_code) from refusal
    with client:
        yield WebSocketSession(client, identify(client.local_address[:2]), patience)


@contextmanager
def _disconnects() -> Iterator[None]:
    try:
        yield
    except ConnectionClosed as closed:
        close = closed.rcvd or closed.sent
        raise WebSocketDisconnect(close.code if close else 1006, close.reason if close else "") from closed
