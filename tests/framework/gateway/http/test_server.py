"""The HTTP protocol against raw sockets.

Covers signalbox.gateway.http.incoming.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from signalbox.gateway.http.server import HttpProtocol, Request, Response

PATIENCE = 60.0
GET = b"GET / HTTP/1.1\r\n\r\n"


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until a condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 nobody sets an event in a transport
            await asyncio.sleep(0)


async def echo(request: Request) -> Response:
    """Say what arrived."""
    return Response(200, f"{request.method} {request.target} ".encode() + request.body)


class Client:
    """One raw connection to a server of the protocol."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Write each piece on its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def answer(self, *, has_body: bool = True) -> tuple[int, bytes, bytes]:
        """Status, head and body of the next answer."""
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lengths = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
            length = int(lengths[0].split()[1]) if lengths and has_body else 0
            return int(head.split(b" ")[1]), head, await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()


Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect to a new server of `HttpProtocol(respond, **limits)`."""
    opened: list[tuple[asyncio.Server, Client]] = []
    open_connections: set[HttpProtocol] = set()

    class Tracked(HttpProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            open_connections.add(self)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            open_connections.discard(self)
            super().connection_lost(exc)

    async def start(respond: Callable[[Request], Awaitable[Response]] = echo, **limits: Any) -> Client:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Tracked(respond, **limits), "127.0.0.1", 0)
        client = Client(*await asyncio.open_connection(*server.sockets[0].getsockname()))
        opened.append((server, client))
        return client

    yield start
    for server, client in opened:
        client.writer.transport.abort()
        server.close()
    for connection in open_connections:
        connection.abort()
    await until(lambda: not open_connections)


async def test_request_is_answered_when_it_is_whole(connect: Connect) -> None:
    client = await connect()

    await client.send(b"POST /a?b=%20 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")

    assert await client.answer() == (
        200,
        b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n",
        b"POST /a?b=%20 abc",
    )


async def test_requests_are_answered_when_they_arrive_byte_by_byte(connect: Connect) -> None:
    client = await connect()
    request = b"PUT /x HTTP/1.1\r\ncontent-length:  5 \r\n\r\nhello"

    await client.send(*(bytes([byte]) for byte in request * 2))

    assert [(await client.answer())[2] for _ in range(2)] == [b"PUT /x hello"] * 2


async def test_requests_are_answered_in_order_when_they_are_pipelined(connect: Connect) -> None:
    running = 0

    async def slow_first(request: Request) -> Response:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0.02 if request.target == "/1" else 0)
        running -= 1
        return Response(200, request.target.encode())

    client = await connect(slow_first)
    await client.send(b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(1, 6)))

    assert [(await client.answer())[2] for _ in range(5)] == [b"/1", b"/2", b"/3", b"/4", b"/5"]


async def test_all_are_answered_when_the_client_sends_much_more_than_is_buffered(connect: Connect) -> None:
    client = await connect(max_head=1_000)
    count = 3_000

    sending = asyncio.create_task(client.send(GET * count))

    for _ in range(count):
        assert (await client.answer())[0] == 200
    await sending


class Recorder(asyncio.Transport):
    """A transport that only remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = True
        self.written: list[bytes] = []

    def pause_reading(self) -> None:
        """Remember it."""
        self.reads = False

    def resume_reading(self) -> None:
        """Remember it."""
        self.reads = True

    def is_closing(self) -> bool:
        """Never."""
        return False

    def write(self, data: Any) -> None:
        """Remember it."""
        self.written.append(data)


async def test_reading_stops_until_the_answer_when_a_client_floods_a_busy_connection() -> None:
    go = asyncio.Event()

    async def wait(_: Request) -> Response:
        await go.wait()
        return Response(200)

    transport, protocol = Recorder(), HttpProtocol(wait, max_head=100)
    protocol.connection_made(transport)
    protocol.data_received(GET)
    protocol.data_received(GET * 6)
    assert not transport.reads

    go.set()
    await until(lambda: transport.reads)

    assert len(transport.written) == 7


async def test_answering_stops_when_the_client_does_not_read() -> None:
    transport, protocol = Recorder(), HttpProtocol(echo)
    protocol.connection_made(transport)
    protocol.pause_writing()
    protocol.data_received(GET * 3)
    await asyncio.sleep(0)
    assert transport.written == []

    protocol.resume_writing()
    await until(lambda: len(transport.written) == 3)


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"G\xe9T / HTTP/1.1\r\n\r\n",
        b"GET /\xe9 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nName : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: x\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: x\x00y\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: x\ry\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: x\nB: y\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    ],
)
async def test_client_gets_400_and_the_end_when_a_head_is_malformed(connect: Connect, head: bytes) -> None:
    client = await connect()

    await client.send(head + GET)

    status, answer, _ = await client.answer()
    assert status == 400
    assert b"Connection: close" in answer
    assert await client.rest() == b""


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 501),
        (b"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 999999999999999999\r\nExpect: 100-continue\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 1_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 1_000_000, 431),
        (b"A: b\r\n" * 1_000, 431),
    ],
)
async def test_client_gets_a_status_and_the_end_when_it_asks_too_much(
    connect: Connect, head: bytes, status: int
) -> None:
    client = await connect(max_head=1_000, max_body=100)

    client.writer.write(head)

    assert (await client.answer())[0] == status
    assert await client.rest() == b""


async def test_refusal_arrives_when_the_client_has_not_finished_sending(connect: Connect) -> None:
    client = await connect(max_body=100)

    await client.send(b"POST / HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n", b"x" * 20_000_000)

    assert (await client.answer())[0] == 413


async def test_limits_are_met_exactly_when_a_request_just_fits(connect: Connect) -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: 100\r\nA: "
    client = await connect(max_head=1_000, max_body=100)

    await client.send(head + b"x" * (1_000 - len(head)) + b"\r\n\r\n" + b"y" * 100)

    assert (await client.answer())[2] == b"POST / " + b"y" * 100


async def test_body_is_cut_and_the_connection_lives_when_asked_to_cut(connect: Connect) -> None:
    client = await connect(max_body=100, truncate_body=True)
    body = b"x" * 5_000_000

    await client.send(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body), body, GET)

    assert (await client.answer())[2] == b"POST / " + b"x" * 101
    assert (await client.answer())[2] == b"GET / "


async def test_large_request_is_read_when_it_comes_in_small_pieces(connect: Connect) -> None:
    client = await connect(max_body=8_000_000)

    await client.send(b"POST / HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n")
    await client.send(*[b"x" * 1_000] * 8_000)

    assert len((await client.answer())[2]) == 8_000_007


async def test_client_is_told_to_continue_when_it_asks(connect: Connect) -> None:
    client = await connect()

    await client.send(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n")
    assert (await client.answer())[0] == 100
    await client.send(b"hi")

    assert (await client.answer())[2] == b"POST / hi"


@pytest.mark.parametrize(
    "head", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nConnection: Upgrade, CLOSE\r\n\r\n"]
)
async def test_connection_ends_when_the_client_does_not_keep_it(connect: Connect, head: bytes) -> None:
    client = await connect()

    await client.send(head + GET)

    assert b"Connection: close" in (await client.answer())[1]
    assert await client.rest() == b""


async def test_head_is_answered_without_a_body_when_the_method_is_head(connect: Connect) -> None:
    client = await connect()

    await client.send(b"HEAD / HTTP/1.1\r\n\r\n", GET)

    assert b"Content-Length: 7\r\n" in (await client.answer(has_body=False))[1]
    assert (await client.answer())[2] == b"GET / "


async def test_nothing_follows_the_head_when_the_status_has_no_body(connect: Connect) -> None:
    async def delete(_: Request) -> Response:
        return Response(204, b"ignored", (("x-amzn-ErrorType", "None"),))

    client = await connect(delete)
    await client.send(GET, GET)

    for _ in range(2):
        assert (await client.answer())[1] == b"HTTP/1.1 204 No Content\r\nx-amzn-ErrorType: None\r\n\r\n"


async def test_status_has_no_phrase_when_it_is_unknown(connect: Connect) -> None:
    async def odd(_: Request) -> Response:
        return Response(299)

    client = await connect(odd)
    await client.send(GET)

    assert (await client.answer())[1].startswith(b"HTTP/1.1 299 \r\n")


async def test_client_gets_500_and_the_connection_lives_when_the_answer_fails(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(request: Request) -> Response:
        if request.target == "/header":
            return Response(200, headers=(("A", "☃"),))
        raise ValueError("secret")

    client = await connect(broken)
    with caplog.at_level(logging.ERROR):
        await client.send(b"GET /?token=canary HTTP/1.1\r\n\r\n", b"GET /header HTTP/1.1\r\n\r\n")
        answers = [await client.answer(), await client.answer()]

    assert [(status, body) for status, _, body in answers] == [(500, b"")] * 2
    assert "secret" in caplog.text
    assert "canary" not in caplog.text


async def test_headers_are_found_in_any_case_when_they_repeat(connect: Connect) -> None:
    seen: list[Request] = []

    async def record(request: Request) -> Response:
        seen.append(request)
        return Response(200)

    client = await connect(record)
    await client.send(b"GET / HTTP/1.1\r\nX-Name: \t first \r\nx-name: second\r\nB:\xe9\x7f\r\n\r\n")
    await client.answer()

    headers = seen[0].headers
    assert headers["x-NAME"] == "first"
    assert headers["b"] == "é\x7f"
    assert dict(headers) == {"x-name": "first", "b": "é\x7f"}
    assert headers.get("absent") is None


async def test_answer_is_cancelled_when_the_client_is_gone(connect: Connect) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(_: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return Response(200)

    client = await connect(wait)
    await client.send(GET)
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        client.writer.transport.abort()
        await cancelled.wait()


async def test_connection_ends_when_the_client_leaves_in_the_middle(connect: Connect) -> None:
    client = await connect()

    await client.send(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
    client.writer.write_eof()

    assert await client.rest() == b""


async def test_bytes_count_when_another_protocol_received_them_first() -> None:
    class Sniffer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            protocol = HttpProtocol(echo)
            self.transport.set_protocol(protocol)
            protocol.connection_made(self.transport)
            protocol.data_received(data)

    server = await asyncio.get_running_loop().create_server(Sniffer, "127.0.0.1", 0)
    client = Client(*await asyncio.open_connection(*server.sockets[0].getsockname()))
    await client.send(GET)
    assert (await client.answer())[2] == b"GET / "
    await client.send(GET)
    assert (await client.answer())[2] == b"GET / "

    client.writer.transport.abort()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "begun", [b"G", b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nx"], ids=["head", "body"]
)
async def test_client_gets_408_and_the_end_when_a_request_is_not_finished_in_time(
    connect: Connect, begun: bytes
) -> None:
    client = await connect(request_timeout=0.01)
    await client.send(GET)
    assert (await client.answer())[2] == b"GET / "
    await client.send(begun)
    assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_idle_connection_and_slow_answer_last_when_only_requests_are_hurried(connect: Connect) -> None:
    async def answer_late(request: Request) -> Response:
        await asyncio.sleep(0.05)
        return await echo(request)

    client = await connect(answer_late, request_timeout=0.01)
    await asyncio.sleep(0.05)
    for _ in range(2):
        await client.send(GET)
        assert (await client.answer())[2] == b"GET / "
