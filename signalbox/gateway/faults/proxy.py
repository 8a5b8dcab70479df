"""A proxy in front of an AWS endpoint, which may drop an answer.

The proxy forwards bytes unchanged, so signatures stay valid. A call counts as answered when the first
bytes come back after a request went out. SDKs send one request at a time on a connection.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_CHUNK = 65_536


class Proxy:
    """Forwards to `upstream`, an http URL. Drops the next answer when `survives` returns False."""

    def __init__(self, upstream: str, survives: Callable[[], bool]) -> None:
        self._url = urlsplit(upstream)
        self._survives = survives
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Listen. Returns the URL to use instead of the upstream's."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return self._url._replace(netloc=f"{host}:{port}").geturl()

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._forward(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            far_reader, far_writer = await asyncio.open_connection(self._url.hostname, self._url.port or 80)
            async with _closing(far_writer):
                connection = _ProxiedConnection(self._survives)
                directions = {
                    asyncio.create_task(connection.forward_requests(reader, far_writer)),
                    asyncio.create_task(connection.forward_answers(far_reader, writer)),
                }
                try:
                    await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for direction in directions:
                        direction.cancel()
                    await asyncio.gather(*directions, return_exceptions=True)


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close a connection at the end. Errors are ignored, because either side may be gone."""
    with suppress(OSError):
        try:
            yield
        finally:
            writer.close()
            await writer.wait_closed()


class _ProxiedConnection:
    def __init__(self, survives: Callable[[], bool]) -> None:
        self._survives = survives
        self._asked = False

    async def forward_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            self._asked = True
            writer.write(data)
            await writer.drain()

    async def forward_answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            asked, self._asked = self._asked, False
            if asked and not self._survives():
                return
            writer.write(data)
            await writer.drain()
