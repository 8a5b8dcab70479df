"""A small backend for the client's tests: the wire protocol over a real socket, or what a test scripts."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

NOON = 1_700_000_000_000
"""An instant, epoch milliseconds."""

Frame = dict[str, Any] | str | bytes
Script = Callable[[dict[str, Any]], Sequence[Frame]]


@dataclass
class Backend:
    """What the test sees of the backend: who is connected and what they sent."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    offered: list[list[str]] = field(default_factory=list)
    origins: list[str | None] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    people: dict[ServerConnection, dict[str, Any]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    """What was published; all channels are one."""
    refusal: int | None = None
    script: Script | None = None
    """Answers instead of the protocol: the request as it came -> the frames for its sender."""
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Everything received, parsed."""
        return [json.loads(text) for text in self.received]

    @property
    def actions(self) -> list[str]:
        """What was asked for, in order."""
        return [request["action"] for request in self.requests]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something that arrived or left made ``condition`` true."""
        async with asyncio.timeout(60), self.arrived:
            await self.arrived.wait_for(condition)

    async def push(self, frame: Frame) -> None:
        """Send a frame to everyone."""
        for socket in list(self.people):
            await socket.send(_encode(frame))

    async def close(self, code: int, reason: str = "") -> None:
        """Close everyone's connection."""
        for socket in list(self.people):
            await socket.close(code, reason)

    def abort(self) -> None:
        """Cut everyone's connection without a word."""
        for socket in list(self.people):
            socket.transport.abort()

    async def accept(self, socket: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        self.origins.append(request.headers.get("Origin"))
        self.offered.append(",".join(request.headers.get_all("Sec-WebSocket-Protocol")).split(", "))
        return socket.respond(HTTPStatus(self.refusal), "no\n") if self.refusal else None

    async def attend(self, socket: ServerConnection) -> None:
        query = parse_qs(urlsplit(self.paths[-1]).query)
        number = len(self.people) + 1
        self.people[socket] = {
            "user_id": f"u-{number}",
            "name": query.get("name", ["guest"])[0],
            "connected_at": NOON,
        }
        await self._notify()
        with contextlib.suppress(Exception):
            async for text in socket:
                assert isinstance(text, str)
                self.received.append(text)
                await self._answer(socket, text)
                await self._notify()
        del self.people[socket]
        await self._notify()

    async def _notify(self) -> None:
        async with self.arrived:
            self.arrived.notify_all()

    async def _answer(self, socket: ServerConnection, text: str) -> None:
        request = json.loads(text)
        frames = self.script(request) if self.script else await self._obey(socket, request)
        for frame in frames:
            await socket.send(_encode(frame))

    async def _obey(self, socket: ServerConnection, request: dict[str, Any]) -> Sequence[Frame]:
        me = self.people[socket]
        match request:
            case {"action": "ping"}:
                return [reply(request, "pong", time=NOON)]
            case {"action": "whoami"}:
                return [reply(request, "whoami", **me, guest=True, expires_at=NOON // 1000 + 7_500)]
            case {"action": "who"}:
                return [reply(request, "who", people=list(self.people.values()), cursor=None)]
            case {"action": "broadcast", "data": data}:
                await self.push(message(me, data))
                return [report(request, "broadcast.sent", len(self.people))]
            case {"action": "direct.send", "to": to, "data": data}:
                sockets = [socket for socket, person in self.people.items() if person["user_id"] == to]
                for other in sockets:
                    await other.send(_encode(message(me, data, audience="you")))
                if sockets:
                    return [report(request, "direct.sent", len(sockets))]
                return [refusal("not_found", request)]
        return await self._obey_channels(socket, request)

    async def _obey_channels(self, socket: ServerConnection, request: dict[str, Any]) -> Sequence[Frame]:
        me = self.people[socket]
        match request:
            case {"action": "hello"}:
                return [reply(request, "welcome", **me, guest=True, expires_at=NOON // 1000, beat=480)]
            case {"action": "channel.subscribe", "channels": [{"channel": "news:all"}]}:
                return [refusal("forbidden", request, channel="news:all")]
            case {"action": "channel.subscribe", "channels": wishes}:
                answers = [self._subscribe(**wish) for wish in wishes]
                return [reply(request, "channel.subscribed", channels=answers, beat=480)]
            case {"action": "channel.unsubscribe", "channels": channels}:
                return [reply(request, "channel.unsubscribed", channels=channels, beat=480)]
            case {"action": "channel.publish", "channel": channel, "data": data}:
                await self.publish(channel, data, me)
                fields = {"channel": channel, "position": self.place(), "delivery": "inline"}
                return [reply(request, "channel.published", **fields)]
            case {"action": "channel.history", "channel": channel, "limit": limit}:
                since = request.get("since", {})
                found = self.log[since.get("offset", 0) :]
                fields = {"publications": found[:limit], "more": len(found) > limit}
                return [reply(request, "channel.history", channel=channel, position=self.place(), **fields)]
            case {"action": "presence.get", "channel": channel}:
                lines = [{"name": name, "connected_at": NOON} for name in ("Ann", "Ann's phone")]
                users = [{"user_id": "u-1", "connections": lines}]
                return [reply(request, "presence", channel=channel, users=users, count=1)]
        return [refusal("unknown_route", request)]

    def _subscribe(self, channel: str, since: dict[str, Any] | None = None) -> dict[str, Any]:
        missed = self.log[since["offset"] :] if since else []
        state = {"recovered": True if since else None, "publications": missed}
        return {"channel": channel, "position": self.place(), **state}

    async def publish(self, channel: str, data: object, sender: dict[str, Any]) -> None:
        """Keep a publication and send it to everyone."""
        person = {"user_id": sender["user_id"], "name": sender["name"]}
        entry = {"position": self.place(1), "sender": person, "data": data, "sent_at": NOON}
        self.log.append(entry)
        await self.push({"v": 1, "type": "publication", "channel": channel, **entry})

    def place(self, ahead: int = 0) -> dict[str, Any]:
        """Where the one channel is."""
        return {"epoch": "e", "offset": len(self.log) + ahead}


@contextlib.asynccontextmanager
async def running_backend() -> AsyncIterator[Backend]:
    """A backend on a free loopback port."""
    backend = Backend()
    async with serve(
        backend.attend, "127.0.0.1", 0, process_request=backend.accept, compression=None, close_timeout=1
    ) as server:
        backend.url = f"ws://127.0.0.1:{port_of(server)}/local"
        yield backend


def port_of(server: Server) -> int:
    """The port a server listens on."""
    port: int = server.sockets[0].getsockname()[1]
    return port


def reply(request: dict[str, Any], kind: str, **fields: object) -> dict[str, Any]:
    """A reply of the protocol."""
    return {"v": 1, "type": kind, "id": request.get("id"), **fields}


def report(request: dict[str, Any], kind: str, recipients: int, **fields: object) -> dict[str, Any]:
    """The reply to something sent."""
    counters = {"recipients": recipients, "sent": recipients, "gone": 0, "slow": 0, "failed": 0}
    return reply(request, kind, message_id="m-1", **counters, complete=True) | fields


def refusal(code: str, request: dict[str, Any] | None = None, **fields: object) -> dict[str, Any]:
    """An error frame of the protocol."""
    echoed = {"id": request["id"]} if request and "id" in request else {}
    return {"type": "error", "code": code, "retry": False, "request_id": "r-1", **echoed, **fields}


def message(sender: dict[str, Any], data: object, audience: str = "everyone") -> dict[str, Any]:
    """A push of the protocol."""
    person = {"user_id": sender["user_id"], "name": sender["name"]}
    return {
        "v": 1,
        "type": "message",
        "message_id": "m-1",
        "audience": audience,
        "sender": person,
        "data": data,
        "sent_at": NOON,
    }


def _encode(frame: Frame) -> str | bytes:
    return json.dumps(frame) if isinstance(frame, dict) else frame
