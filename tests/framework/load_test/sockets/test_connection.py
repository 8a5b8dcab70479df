"""One connection against servers that do what a well-behaved one would not."""

import asyncio
import contextlib
import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable

import pytest

from signalbox.load_test.errors import OpeningError, RefusedError, UnreachableError
from signalbox.load_test.sockets.connection import Connection
from signalbox.load_test.sockets.dialer import Dialer
from signalbox.load_test.sockets.frames import encode
from signalbox.load_test.sockets.handshake import parse_address

PATIENCE = 20.0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Witness:
    """Keeps what a connection tells."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.lost: asyncio.Queue[tuple[int, int]] = asyncio.Queue()

    def receive(self, index: int, payload: bytes, now: int) -> None:
        """Keep it."""
        self.messages.put_nowait(payload)

    def lose(self, index: int, code: int) -> None:
        """Keep it."""
        self.lost.put_nowait((index, code))


class Server:
    """Accepts connections and sends bytes as a test says."""

    def __init__(self) -> None:
        self.answer: Callable[[bytes], list[bytes]] = lambda accept: [opening(accept)]
        self.reader: asyncio.Queue[asyncio.StreamReader] = asyncio.Queue()
        self.writer: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self.url = ""
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the handshake and hand the connection to the test."""
        self.writers.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)
        assert key
        for part in self.answer(b64encode(hashlib.sha1(key[1] + GUID).digest())):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)  # so that each part is a read of its own
        self.reader.put_nowait(reader)
        self.writer.put_nowait(writer)


def opening(accept: bytes) -> bytes:
    """The answer that opens a WebSocket."""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
    )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server on a free port."""
    scripted = Server()
    listening = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    async with listening:
        yield scripted
        for writer in scripted.writers:
            writer.transport.abort()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def connected(server: Server, witness: Witness) -> AsyncIterator[Connection]:
    """A connection, cut at the end."""
    async with asyncio.timeout(PATIENCE):
        dialer = Dialer(parse_address(server.url, None))
        await dialer.resolve()
        connection = await dialer.open(witness, 7)
        try:
            yield connection
        finally:
            connection.cut()
            await asyncio.sleep(0)


async def test_it_opens_when_the_answer_comes_in_pieces_with_a_message_behind_it(server: Server) -> None:
    server.answer = lambda accept: [
        opening(accept)[:20],
        opening(accept)[20:-2],
        b"\r\n\x81\x02hi\x81",
        b"\x01!",
    ]
    witness = Witness()

    async with connected(server, witness):
        assert await witness.messages.get() == b"hi"
        assert await witness.messages.get() == b"!"


async def test_a_ping_is_answered_when_it_comes(server: Server) -> None:
    async with connected(server, Witness()):
        writer, reader = await server.writer.get(), await server.reader.get()
        writer.write(b"\x89\x03abc")
        pong = await reader.readexactly(9)

    assert (pong[:2], encode(10, b"abc", pong[2:6])) == (b"\x8a\x83", pong)


@pytest.mark.parametrize(
    ("sent", "code", "answered"),
    [
        (b"\x88\x04\x03\xe9ok", 1001, 1001),
        (b"\x88\x00", 1005, None),
        (b"\x83\x00", 1002, 1002),
        (b"\x81\x01\xff", 1007, 1007),
    ],
)
async def test_the_code_is_told_when_the_server_ends_it(
    server: Server, sent: bytes, code: int, answered: int | None
) -> None:
    witness = Witness()

    async with connected(server, witness):
        writer, reader = await server.writer.get(), await server.reader.get()
        writer.write(sent)
        assert await witness.lost.get() == (7, code)
        close = await reader.read()

    payload = answered.to_bytes(2, "big") if answered else b""
    assert close == encode(8, payload, close[2:6])


async def test_the_code_is_1006_when_the_line_breaks(server: Server) -> None:
    witness = Witness()

    async with connected(server, witness) as connection:
        (await server.writer.get()).transport.abort()
        assert await witness.lost.get() == (7, 1006)
        assert not connection.is_open


async def test_nobody_is_told_when_it_leaves_by_itself(server: Server) -> None:
    witness = Witness()

    async with connected(server, witness) as connection:
        leaving = connection.leave()
        writer, reader = await server.writer.get(), await server.reader.get()
        close = await reader.readexactly(8)
        writer.write(b"\x88\x02\x03\xe8")
        await leaving

    assert close == encode(8, b"\x03\xe8", close[2:6])
    assert witness.lost.empty()


async def test_sending_waits_when_the_server_does_not_read(server: Server) -> None:
    async with connected(server, Witness()) as connection:
        writer = await server.writer.get()
        for _ in range(1000):
            connection.send(bytes(30_000))
        waiting = asyncio.create_task(connection.writable())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        writer.transport.abort()
        await waiting


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", RefusedError, "429"),
        (b"hello\r\n\r\n", UnreachableError, "does not speak HTTP"),
        (b"HTTP/1.1 101 x\r\n\r\n", UnreachableError, "does not speak WebSocket"),
        (b"a" * 100_000, UnreachableError, "does not speak WebSocket"),
    ],
)
async def test_it_is_worded_when_the_answer_is_no_opening(
    server: Server, answer: bytes, kind: type[OpeningError], said: str
) -> None:
    server.answer = lambda accept: [answer]

    with pytest.raises(kind, match=said):
        async with connected(server, Witness()):
            pass


async def test_it_is_worded_when_the_server_hangs_up(server: Server) -> None:
    server.answer = lambda accept: []

    async def hang_up() -> None:
        (await server.writer.get()).close()

    hanging_up = asyncio.create_task(hang_up())
    with pytest.raises(UnreachableError, match="hung up"):
        async with connected(server, Witness()):
            pass
    await hanging_up
