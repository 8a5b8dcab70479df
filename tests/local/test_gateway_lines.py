"""Lines that begin or end badly: left during `$connect`, never begun, not HTTP, open at shutdown."""

import asyncio
import socket
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from signalbox.gateway.config import Limits
from signalbox.gateway.sandboxes.sandbox import Result
from tests.conformance.scripted import (
    OK,
    PATIENCE,
    Event,
    ScriptedFunction,
    answer,
    ask,
    close_code,
    echo,
    exchange,
    handshake,
    never,
    raw_client,
    raw_line,
    running,
    text_frame,
)


@pytest.mark.parametrize("politely", [True, False], ids=["close", "reset"])
async def test_disconnect_is_invoked_when_a_client_leaves_during_connect(politely: bool) -> None:
    decided = asyncio.Event()

    async def decide(event: Event) -> Result:
        await decided.wait()
        return OK

    function = ScriptedFunction({"$connect": decide})
    async with running(function) as gateway:
        async with raw_line(gateway) as (_, writer):
            writer.write(handshake())
            connected = await function.next("$connect")
            if politely:
                writer.close()
                await writer.wait_closed()
        decided.set()
        disconnected = await function.next("$disconnect")
    assert close_code(disconnected) == 1006
    assert disconnected["requestContext"]["connectionId"] == connected["requestContext"]["connectionId"]


async def test_disconnect_is_not_invoked_when_connect_refuses_a_client_that_left() -> None:
    decided = asyncio.Event()

    async def refuse(event: Event) -> Result:
        await decided.wait()
        return answer(statusCode=403)

    function = ScriptedFunction({"$connect": refuse})
    async with running(function) as gateway:
        async with raw_line(gateway) as (_, writer):
            writer.write(handshake())
            await function.next("$connect")
        decided.set()
        function.scripts["$connect"] = OK
        async with connect(gateway.websocket_url):
            pass
        await function.next("$disconnect")
    assert function.routes() == ["$connect", "$connect", "$disconnect"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (handshake(Sec_WebSocket_Key="short"), 400),
        (handshake(Sec_WebSocket_Key=""), 400),
        (handshake(Sec_WebSocket_Version="8"), 400),
        (handshake(Sec_WebSocket_Version=""), 400),
        (handshake(Connection="keep-alive"), 426),
        (handshake(Upgrade="h2c"), 426),
        (handshake(protocol="HTTP/1.0"), 505),
        (handshake(X_Long="x" * 9_000), 431),
        (handshake(path="/local?" + "x" * 9_000), 414),
    ],
)
async def test_connect_is_not_invoked_when_the_handshake_is_invalid(
    request_bytes: bytes, status: int
) -> None:
    function = ScriptedFunction()
    async with running(function) as gateway:
        assert (await exchange(gateway, request_bytes)).startswith(f"HTTP/1.1 {status} ".encode())
    assert function.events == []


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"x" * 70_000,
    ],
)
async def test_answer_is_4xx_when_junk_arrives(junk: bytes) -> None:
    async with running(ScriptedFunction()) as gateway:
        assert (await exchange(gateway, junk)).startswith(b"HTTP/1.1 4")


async def test_handshake_is_read_when_it_arrives_byte_by_byte() -> None:
    function = ScriptedFunction({"$default": echo})
    async with running(function) as gateway, raw_line(gateway) as (reader, writer):
        writer.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in handshake():
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("begun", [b"", b"GET /local HTTP/1.1\r\nHost: x\r\nUpgrade: webso"])
async def test_line_is_closed_when_the_head_does_not_arrive_in_time(begun: bytes) -> None:
    function = ScriptedFunction()
    async with running(function, limits=Limits(head_timeout=0.5)) as gateway:
        assert await exchange(gateway, begun) == b""
        async with connect(gateway.websocket_url) as client:
            await (await client.ping())
    assert "$connect" in function.routes()


async def test_all_are_admitted_when_200_connect_at_once() -> None:
    function = ScriptedFunction({"$default": echo})
    async with running(function) as gateway:
        clients = await asyncio.gather(*(connect(gateway.websocket_url) for _ in range(200)))
        said = [str(number) for number in range(200)]
        assert await asyncio.gather(*map(ask, clients, said)) == said
        ids = {event["requestContext"]["connectionId"] for event in function.events}
        assert len(ids) == 200
        await asyncio.gather(*(client.close() for client in clients))


async def test_clients_see_1001_when_the_gateway_stops() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway:
        clients = await asyncio.gather(*(connect(gateway.websocket_url) for _ in range(20)))
    for client in clients:
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
    assert function.routes().count("$disconnect") == 20


async def test_gateway_stops_whatever_its_clients_are_doing() -> None:
    function = ScriptedFunction({"$default": never})
    gateway = running(function, limits=Limits(close_grace=0.05))
    started = await gateway.__aenter__()
    async with raw_line(started) as silent, raw_line(started) as half_open, raw_line(started) as keep_alive:
        half_open[1].write(b"GET /local HTTP/1.1\r\n")
        keep_alive[1].write(b"GET / HTTP/1.1\r\n\r\n")
        await keep_alive[0].readuntil(b"\r\n\r\n")
        async with raw_client(started) as unread, raw_line(started) as pending:
            unread[1].write(text_frame("work for ever"))
            await function.next("$default")
            function.scripts["$connect"] = never
            pending[1].write(handshake())
            for _ in range(2):
                await function.next("$connect")
            async with asyncio.timeout(PATIENCE):
                await gateway.__aexit__(None, None, None)
                for reader, _ in (silent, half_open, keep_alive, unread, pending):
                    await ended(reader)


async def ended(reader: asyncio.StreamReader) -> None:
    """Return when the other side has ended the line, one way or the other."""
    try:
        while await reader.read(65_536):
            pass
    except ConnectionError:
        pass


async def test_line_is_cut_when_it_is_accepted_while_the_gateway_stops() -> None:
    for moment in range(8):
        async with running(ScriptedFunction(), limits=Limits(head_timeout=2 * PATIENCE)) as gateway:
            host, port = gateway.endpoint.removeprefix("http://").split("/")[0].split(":")
            line = socket.create_connection((host, int(port)), PATIENCE)
            for _ in range(moment):
                await asyncio.sleep(0)
        with line, suppress(ConnectionError):
            assert await asyncio.to_thread(line.recv, 1) == b""
