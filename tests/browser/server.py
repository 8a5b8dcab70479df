"""A server played by the test, behind the real page."""

import json
from typing import Any

from playwright.async_api import WebSocketRoute

ANN = {"user_id": "u-1", "name": "Ann", "connected_at": 1_700_000_000_000}
BOB = {"user_id": "u-2", "name": "Bob", "connected_at": 1_700_000_000_000}


class Server:
    """The other end of the page's socket. It answers whoami and who; the rest is the test's."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.requests: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {
            "whoami": {"v": 1, "type": "whoami", **ANN, "guest": True, "expires_at": 1_700_007_500},
            "who": {"v": 1, "type": "who", "people": [ANN, BOB], "cursor": None},
        }

    def accept(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self._receive(socket, str(text)))

    def send(self, frame: object) -> None:
        """Push a frame; a string goes as it is."""
        self.sockets[-1].send(frame if isinstance(frame, str) else json.dumps(frame))

    def actions(self) -> list[str]:
        """What was asked for."""
        return [request["action"] for request in self.requests]

    def _receive(self, socket: WebSocketRoute, text: str) -> None:
        request = json.loads(text)
        self.requests.append(request)
        if answer := self.answers.get(request["action"]):
            socket.send(json.dumps({**answer, "id": request["id"]}))


def message(text: str, **fields: Any) -> dict[str, Any]:
    """A message from Bob."""
    return {
        "v": 1,
        "type": "message",
        "message_id": text,
        "audience": "everyone",
        "sender": {"user_id": "u-2", "name": "Bob"},
        "data": {"text": text},
        "sent_at": 1_700_000_000_000,
        **fields,
    }
