"""A backend that speaks the protocol, and breaks it where a test wants it to."""

import asyncio
import contextlib
import http
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Copies = Callable[[int, int], int]
"""How many copies of a broadcast (its number) a connection (its number) is sent."""


class Backend:
    """Broadcasts what it is asked to."""

    def __init__(self) -> None:
        self.url = ""
        self.copies: Copies = lambda connection, broadcast: 1
        self.statuses: list[int] = []
        """Answers to the next handshakes; 101 to all after them."""
        self.error: str | None = None
        """The code of the error frame that answers every broadcast, which then goes to nobody."""
        self.close_after: tuple[int, int] | None = None
        """A connection, and the code it is closed with in place of, or after, its first broadcast."""
        self.stir: Callable[[int], object] = lambda broadcast: None
        """Called with the number of each broadcast before it is sent to anybody."""
        self.delay = 0.0
        self.garble = False
        self.paths: list[str] = []
        self.clients: list[ServerConnection] = []
        self.senders: Counter[int] = Counter()
        self.ends: Counter[int | None] = Counter()
        self._broadcasts = 0

    def decide(self, client: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake."""
        self.paths.append(request.path)
        status = self.statuses.pop(0) if self.statuses else 101
        return None if status == 101 else client.respond(http.HTTPStatus(status), "")

    async def serve(self, client: ServerConnection) -> None:
        """Serve one connection until its end."""
        number = len(self.clients)
        self.clients.append(client)
        with contextlib.suppress(ConnectionClosed):
            async for text in client:
                self.senders[number] += 1
                await self._answer(client, json.loads(text))
        self.ends[client.close_code] += 1

    async def until_read(self) -> None:
        """Wait until everybody has read what they were sent so far."""
        for client in self.clients:
            await (await client.ping())

    async def _answer(self, sender: ServerConnection, request: dict[str, Any]) -> None:
        assert request["action"] == "broadcast"
        if self.error:
            error = {"type": "error", "code": self.error, "retry": False, "request_id": "r"}
            await sender.send(json.dumps({**error, "id": request["id"]}))
            return
        broadcast, self._broadcasts = self._broadcasts, self._broadcasts + 1
        self.stir(broadcast)
        await asyncio.sleep(self.delay)
        data = request["data"][:-1] if self.garble else request["data"]
        frame = json.dumps({"v": 1, "type": "message", "message_id": f"m{broadcast}", "data": data})
        for number, client in enumerate(self.clients):
            for _ in range(self.copies(number, broadcast)):
                with contextlib.suppress(ConnectionClosed):  # whoever has left is not the matter here
                    await client.send(frame)
            if self.close_after and self.close_after[0] == number:
                await client.close(self.close_after[1])
        await sender.send(json.dumps({"v": 1, "type": "broadcast.sent", "id": request["id"]}))


@contextlib.asynccontextmanager
async def running_backend(tls: ssl.SSLContext | None = None) -> AsyncIterator[Backend]:
    """A backend on a free port."""
    backend = Backend()
    async with serve(
        backend.serve,
        "127.0.0.1",
        0,
        compression=None,
        process_request=backend.decide,
        ssl=tls,
        close_timeout=1,
    ) as server:
        backend.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{_port(server)}/local"
        yield backend


def _port(server: Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])
