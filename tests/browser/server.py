"""A server played by the test, behind the real page."""

import json
from typing import Any

from playwright.async_api import WebSocketRoute

ANN = {"user_id": "u-1", "name": "Ann", "connected_at": 1_700_000_000_000}
BOB = {"user_id": "u-2", "name": "Bob", "connected_at": 1_700_000_000_000}
ROOM = "room:lobby"
HERE = {"epoch": "e", "offset": 0}


class Server:
    """The other end of the page's socket. It answers what the page asks at first; the rest is the test's."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.requests: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {
            "hello": {"type": "welcome", **ANN, "guest": True, "expires_at": 1_700_007_500, "beat": 60},
            "channel.history": {
                "type": "channel.history",
                "channel": ROOM,
                "position": HERE,
                "publications": [],
                "more": False,
            },
            "presence.get": attendance(ANN, BOB),
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
        answer = self.answers.get(request["action"])
        if not answer and request["action"] == "channel.subscribe":
            answer = subscribed(request)
        if answer:
            socket.send(json.dumps({"v": 1, **answer, "id": request["id"]}))


def subscribed(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to who subscribes, or comes back having missed nothing."""
    channels = [
        {
            "channel": wish["channel"],
            "position": wish.get("since", HERE) if wish["channel"] == ROOM else None,
            "recovered": True if "since" in wish else None,
            "publications": [],
        }
        for wish in request["channels"]
    ]
    return {"type": "channel.subscribed", "channels": channels, "beat": 60}


def attendance(*people: dict[str, Any]) -> dict[str, Any]:
    """The answer to who asks who is in the room."""
    users = [
        {
            "user_id": person["user_id"],
            "connections": [{"name": person["name"], "connected_at": person["connected_at"]}],
        }
        for person in people
    ]
    return {"type": "presence", "channel": ROOM, "users": users, "count": len(users)}


def publication(offset: int, text: str, **fields: Any) -> dict[str, Any]:
    """What Bob has said in the room."""
    return {
        "v": 1,
        "type": "publication",
        "channel": ROOM,
        "position": {"epoch": "e", "offset": offset},
        "sender": {"user_id": "u-2", "name": "Bob"},
        "data": {"text": text},
        "sent_at": 1_700_000_000_000,
        **fields,
    }


def message(text: str, **fields: Any) -> dict[str, Any]:
    """What Bob has said to everybody, or to one."""
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
