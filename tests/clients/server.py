"""The server of a scenario: it does what it is told, step by step, and keeps what clients send."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("realtime.v1")


@dataclass
class Line:
    """One connection: `sent` are the frames the client has sent and nobody has looked at."""

    socket: ServerConnection
    sent: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    unsettled: bool = False
    """Whether the client may not have read all that was sent to it."""

    def unread(self) -> list[dict[str, Any]]:
        """The frames nobody has looked at, which are then looked at."""
        return [self.sent.get_nowait() for _ in range(self.sent.qsize())]

    async def send(self, frame: Any) -> None:
        """Send a frame; text goes out as it is."""
        with contextlib.suppress(Exception):  # the client may have left: that is the scenario's to notice
            await self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))
        self.unsettled = True


@dataclass(frozen=True)
class Handshake:
    """A client that knocks; `verdict` is what it is answered: "accept", "close" or an HTTP status."""

    path: str
    subprotocols: list[str]
    verdict: "asyncio.Future[str | int]"
    line: "asyncio.Future[Line]"

    @property
    def query(self) -> dict[str, str]:
        """The query of the address."""
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}


class ScriptedServer:
    """Listens on loopback; who knocks waits until the scenario decides."""

    def __init__(self) -> None:
        self.url = ""
        self.handshakes: asyncio.Queue[Handshake] = asyncio.Queue()
        self._accepted: dict[ServerConnection, Handshake] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedServer"]:
        """The server for as long as the context lasts."""
        async with serve(
            self._attend,
            "127.0.0.1",
            0,
            process_request=self._knock,
            select_subprotocol=_choose,
            compression=None,
            ping_interval=None,
            close_timeout=1,
        ) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/local"
            yield self

    async def _knock(self, socket: ServerConnection, request: Request) -> Response | None:
        offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
        loop = asyncio.get_running_loop()
        handshake = Handshake(
            request.path,
            [name.strip() for name in offered.split(",") if name.strip()],
            loop.create_future(),
            loop.create_future(),
        )
        await self.handshakes.put(handshake)
        verdict = await handshake.verdict
        if verdict == "accept":
            self._accepted[socket] = handshake
            return None
        if verdict == "close":
            socket.transport.abort()
        return socket.respond(HTTPStatus(verdict if isinstance(verdict, int) else 500), "no\n")

    async def _attend(self, socket: ServerConnection) -> None:
        line = Line(socket)
        self._accepted.pop(socket).line.set_result(line)
        with contextlib.suppress(Exception):
            async for text in socket:
                await line.sent.put(json.loads(text))
        line.over.set()


def _choose(_: ServerConnection, offered: "list[Subprotocol] | Any") -> Subprotocol | None:
    return PROTOCOL if PROTOCOL in offered else None
