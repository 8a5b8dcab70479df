"""Clients that misbehave: each gets its defined answer, and nobody else's connection notices."""

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from signalbox.gateway.config import Limits
from signalbox.gateway.gateway import Gateway
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
    raw_client,
    running,
    text_frame,
)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame(Opcode.BINARY, b"x").serialize(mask=True), 1003),
        (text_frame("x" * 32_769), 1009),
        (Frame(Opcode.TEXT, b"\xff").serialize(mask=True), 1007),
        (Frame(Opcode.TEXT, b"x").serialize(mask=False), 1002),
        (Frame(Opcode.CONT, b"x").serialize(mask=True), 1002),
    ],
    ids=["binary", "over 32 KB", "not utf-8", "unmasked", "fragment of nothing"],
)
async def test_others_are_served_when_a_frame_ends_its_own_connection(frame: bytes, code: int) -> None:
    function = ScriptedFunction({"$default": echo})
    async with running(function) as gateway, connect(gateway.websocket_url) as other:
        async with raw_client(gateway) as (reader, writer):
            writer.write(frame)
            async with asyncio.timeout(PATIENCE):
                closing = await reader.readexactly(4)
            assert int.from_bytes(closing[2:4]) == code
        assert close_code(await function.next("$disconnect")) == code
        assert await ask(other, "still here") == "still here"
    assert "x" not in [event.get("body") for event in function.events]


async def test_messages_sent_right_before_a_close_are_delivered() -> None:
    function = ScriptedFunction()
    limits = Limits(close_grace=0.05)
    async with running(function, limits=limits) as gateway, raw_client(gateway) as (_, writer):
        writer.write(text_frame("one") + text_frame("two") + Frame(Opcode.CLOSE, b"").serialize(mask=True))
        assert {(await function.next("$default"))["body"] for _ in range(2)} == {"one", "two"}
        assert close_code(await function.next("$disconnect")) == 1005


async def test_messages_behind_a_binary_frame_are_not_delivered() -> None:
    function = ScriptedFunction()
    limits = Limits(close_grace=0.05)
    async with running(function, limits=limits) as gateway, raw_client(gateway) as (_, writer):
        close = Frame(Opcode.CLOSE, b"").serialize(mask=True)
        writer.write(Frame(Opcode.BINARY, b"x").serialize(mask=True) + text_frame("late") + close)
        await function.next("$disconnect")
    assert "$default" not in function.routes()


async def test_messages_wait_when_too_many_are_in_flight() -> None:
    release = asyncio.Event()

    async def wait(event: Event) -> Result:
        await release.wait()
        return OK

    function = ScriptedFunction({"$default": wait})
    limits = Limits(messages_in_flight=2)
    async with running(function, limits=limits) as gateway, raw_client(gateway) as (_, writer):
        writer.write(b"".join(text_frame(str(number)) for number in range(100)))
        for _ in range(2):
            await function.next("$default")
        async with connect(gateway.websocket_url):
            assert function.routes().count("$default") == 2, "another client's whole handshake later"
        release.set()
        for _ in range(98):
            await function.next("$default")


async def test_w24_posts_get_429_when_the_client_never_reads_and_others_are_served() -> None:
    function = ScriptedFunction({"$default": echo})
    limits = Limits(send_buffer=65_536)
    async with running(function, limits=limits) as gateway, connect(gateway.websocket_url) as other:
        await function.next("$connect")
        async with raw_client(gateway) as (_, writer):
            connection_id = (await function.next("$connect"))["requestContext"]["connectionId"]
            reply = b""
            for _ in range(200):
                reply = await post(gateway, connection_id, b"x" * 131_072)
                if not reply.startswith(b"HTTP/1.1 200 "):
                    break
            assert reply.startswith(b"HTTP/1.1 429 ")
            assert b"x-amzn-ErrorType: LimitExceededException\r\n" in reply
            assert await ask(other, "still here") == "still here"
            writer.write(text_frame("and so am I"))
            while (await function.next("$default"))["body"] != "and so am I":
                pass


async def post(gateway: Gateway, connection_id: str, data: bytes) -> bytes:
    """What a post gets back."""
    head = f"POST /local/@connections/{connection_id} HTTP/1.1\r\nConnection: close\r\n"
    return await exchange(gateway, f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)


async def test_line_is_cut_when_a_client_asks_and_never_reads_the_answers() -> None:
    function = ScriptedFunction({"$default": answer(statusCode=200, body="x" * 131_072)})
    limits = Limits(send_buffer=65_536, close_grace=0.05)
    async with running(function, limits=limits) as gateway, raw_client(gateway) as (_, writer):
        writer.write(b"".join(text_frame("more") for _ in range(200)))
        assert close_code(await function.next("$disconnect")) == 1006


async def test_line_is_cut_when_a_client_pings_and_never_reads_the_pongs() -> None:
    function = ScriptedFunction()
    async with running(function, limits=Limits(send_buffer=1)) as gateway, raw_client(gateway) as (_, writer):
        pings = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 1_000
        async with asyncio.timeout(PATIENCE):
            while not writer.transport.is_closing():
                writer.write(pings)
                await asyncio.sleep(0)
        assert close_code(await function.next("$disconnect")) == 1006


async def test_w21_connection_is_gone_as_soon_as_it_is_closing() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, raw_client(gateway):
        connection_id = (await function.next("$connect"))["requestContext"]["connectionId"]
        delete = f"DELETE /local/@connections/{connection_id} HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert (await exchange(gateway, delete.encode())).startswith(b"HTTP/1.1 204 ")
        assert (await post(gateway, connection_id, b"late")).startswith(b"HTTP/1.1 410 ")
        assert (await exchange(gateway, delete.encode())).startswith(b"HTTP/1.1 410 ")


async def test_line_is_cut_when_a_client_does_not_answer_a_close() -> None:
    function = ScriptedFunction()
    async with (
        running(function, limits=Limits(close_grace=0.05)) as gateway,
        raw_client(gateway) as (_, writer),
    ):
        writer.write(Frame(Opcode.BINARY, b"x").serialize(mask=True))
        assert close_code(await function.next("$disconnect")) == 1003
