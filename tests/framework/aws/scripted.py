"""A server that says exactly the bytes it is told to."""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from enum import Enum, auto

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
PATIENCE = 60.0
"""Seconds after which a test that waits has failed."""


class Act(Enum):
    """What a server may do instead of talking."""

    CLOSE = auto()
    RESET = auto()
    HANG = auto()


Step = bytes | Act


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole response. Underscores in header names stand for dashes."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status} Word", f"Content-Length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


def request(name: str = "x", body: bytes = b"") -> bytes:
    return f"POST /{name} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def echo(request: bytes) -> list[bytes]:
    """Answer with the name of what was asked for."""
    return [answer(200, request.split(b" ")[1][1:])]


class Server:
    """Answers each request with the next of `script`, else with what `respond` says."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[bytes] = []
        self.accepted = 0
        self.open = 0
        self.peak = 0
        self.script: deque[Sequence[Step]] = deque()
        self.respond: Callable[[bytes], Sequence[Step]] = lambda request: [OK]
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    def play(self, *steps: Step) -> None:
        """Script the answer to the next request that has none yet."""
        self.script.append(steps)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the server has seen what `condition` asks for."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Live through one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.accepted += 1
        self.open += 1
        self.peak = max(self.peak, self.open)
        try:
            while True:
                self.requests.append(await _read_request(reader))
                self._changed.set()
                steps = self.script.popleft() if self.script else self.respond(self.requests[-1])
                for step in steps:
                    await _take(step, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)
            self._tasks.discard(task)
            self.open -= 1
            self._changed.set()

    async def stop(self) -> None:
        """End every connection and wait for it."""
        for writer in self._writers:
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE)


async def _take(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    match step:
        case Act.CLOSE:
            raise ConnectionError
        case Act.RESET:
            writer.transport.abort()
            raise ConnectionError
        case Act.HANG:
            await reader.read()
            raise ConnectionError
        case bytes():
            writer.write(step)
            await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return head + await reader.readexactly(int(length[1]) if length else 0)


@asynccontextmanager
async def running(tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server on a free loopback port."""
    server = Server()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
