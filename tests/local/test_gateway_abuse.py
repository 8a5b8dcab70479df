"""What breaks the rules of RFC 6455, or of patience, ends as it must, and a bystander is served meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Close, Frame, Opcode

from signalbox.gateway.config import Limits
from signalbox.gateway.gateway import Gateway
from signalbox.gateway.sandboxes.sandbox import Result
from tests.conformance.scripted import (
    OK,
    PATIENCE,
    Event,
    Line,
    ScriptedFunction,
    ask,
    close_code,
    echo,
    exchange,
    handshake,
    raw_client,
    raw_line,
    running,
    text_frame,
)

CLOSE = Close(1000, "").serialize()


@asynccontextmanager
async def beside(
    limits: Limits | None = None, function: ScriptedFunction | None = None
) -> AsyncIterator[tuple[Gateway, ScriptedFunction]]:
    """A gateway that echoes, with a bystander whose connection works to the end."""
    function = function or ScriptedFunction()
    function.scripts["$default"] = echo
    async with (
        running(function, limits=limits or Limits(close_grace=0.1)) as gateway,
        connect(gateway.websocket_url) as bystander,
    ):
        await function.next("$connect")
        yield gateway, function
        assert await ask(bystander, "still here") == "still here"


def frame(
    opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, length: int | None = None
) -> bytes:
    """A frame as a client sends it, whatever the rules; `length` is what it claims to hold."""
    size = len(data) if length is None else length
    if size < 126:
        head = bytes([0x80 | size])
    elif size < 65_536:
        head = bytes([0x80 | 126]) + size.to_bytes(2)
    else:
        head = bytes([0x80 | 127]) + size.to_bytes(8)
    # A mask of zeros changes nothing.
    return bytes([fin << 7 | rsv << 4 | opcode]) + head + bytes(4) + data


def fragments(*parts: bytes) -> bytes:
    """A message in so many fragments."""
    frames = [
        frame(Opcode.CONT if index else Opcode.TEXT, part, fin=index == len(parts) - 1)
        for index, part in enumerate(parts)
    ]
    return b"".join(frames)


async def closing(line: Line) -> tuple[int, bytes]:
    """The code of the close frame that comes next, and what came before it."""
    received = b""
    async with asyncio.timeout(PATIENCE):
        while True:
            opcode, size = await line[0].readexactly(2)
            payload = await line[0].readexactly(size)
            if opcode == 0x88:
                return int.from_bytes(payload[:2]), received
            received += payload


VIOLATIONS = {
    "reserved bit 1": (frame(Opcode.TEXT, b"x", rsv=4), 1002),
    "reserved bit 2": (frame(Opcode.TEXT, b"x", rsv=2), 1002),
    "reserved bit 3": (frame(Opcode.TEXT, b"x", rsv=1), 1002),
    "reserved bit on a ping": (frame(Opcode.PING, b"x", rsv=1), 1002),
    "opcode 3": (frame(3, b"x"), 1002),
    "opcode 7": (frame(7, b"x"), 1002),
    "opcode 11": (frame(11, b"x"), 1002),
    "opcode 15": (frame(15, b"x"), 1002),
    "ping of 126 bytes": (frame(Opcode.PING, b"x" * 126), 1002),
    "ping in fragments": (frame(Opcode.PING, b"x", fin=False), 1002),
    "close in fragments": (frame(Opcode.CLOSE, CLOSE, fin=False), 1002),
    "close of one byte": (frame(Opcode.CLOSE, b"\x03"), 1002),
    "close with a code nobody may send": (frame(Opcode.CLOSE, (1005).to_bytes(2)), 1002),
    "close whose reason is not utf-8": (frame(Opcode.CLOSE, (1000).to_bytes(2) + b"\xff"), 1007),
    "message inside a message": (frame(Opcode.TEXT, b"x", fin=False) + frame(Opcode.TEXT, b"x"), 1002),
    "unmasked fragment": (
        frame(Opcode.TEXT, b"x", fin=False) + Frame(Opcode.CONT, b"x").serialize(mask=False),
        1002,
    ),
    "bad utf-8 in a later fragment": (fragments(b"good", b"\xff", b"good"), 1007),
    "bad utf-8 over two fragments": (fragments(b"\xc3", b"\xc3"), 1007),
    "half a character at the end": (fragments(b"good", b"\xe2\x82"), 1007),
    "half a surrogate pair": (frame(Opcode.TEXT, b"\xed\xa0\x80"), 1007),
    "frame that claims 2^63 bytes": (frame(Opcode.TEXT, length=2**63), 1009),
    "frame that claims 10 MB": (frame(Opcode.TEXT, length=10_000_000), 1009),
    "fragment that claims to be too much": (
        frame(Opcode.TEXT, b"x" * 32_768, fin=False)
        + frame(Opcode.CONT, b"x" * 32_768, fin=False) * 3
        + frame(Opcode.CONT, length=1),
        1009,
    ),
    "fragments without an end": (fragments(*[b""] * 10_000), 1009),
}


@pytest.mark.parametrize(("sent", "code"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
async def test_connection_is_closed_with_its_code_when_the_protocol_is_violated(
    sent: bytes, code: int
) -> None:
    async with beside() as (gateway, function), raw_client(gateway) as line:
        line[1].write(sent + text_frame("late"))
        assert await closing(line) == (code, b"")
        assert close_code(await function.next("$disconnect")) == code
    assert [event["body"] for event in function.events if "body" in event] == ["still here"]


async def test_message_is_whole_when_control_frames_come_between_its_fragments() -> None:
    async with beside() as (gateway, function), raw_client(gateway) as line:
        ping = frame(Opcode.PING, b"?")
        parts = [
            frame(Opcode.TEXT, "h\u00e4".encode()[:2], fin=False),
            frame(Opcode.CONT, "h\u00e4".encode()[2:], fin=False),
            frame(Opcode.CONT, b"llo"),
        ]
        line[1].write(ping.join(parts) + frame(Opcode.PONG, b"unasked"))
        assert (await function.next("$default"))["body"] == "h\u00e4llo"
        line[1].write(frame(Opcode.CLOSE, CLOSE))
        assert await closing(line) == (1000, b"??" + "h\u00e4llo".encode())


async def test_half_a_message_is_not_delivered_when_a_close_comes_between_its_fragments() -> None:
    async with beside() as (gateway, function), raw_client(gateway) as line:
        line[1].write(frame(Opcode.TEXT, b"half", fin=False) + frame(Opcode.CLOSE, CLOSE))
        assert await closing(line) == (1002, b"")
        assert close_code(await function.next("$disconnect")) == 1000
    assert [event["body"] for event in function.events if "body" in event] == ["still here"]


HEAD = handshake().removesuffix(b"\r\n")
FLOODS = {
    "200 headers": HEAD + b"".join(b"X-%d: x\r\n" % number for number in range(200)) + b"\r\n",
    "70 KB of headers": HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 700) for n in range(100)) + b"\r\n",
    "headers without an end": HEAD + b"X: x\r\n" * 20_000,
    "one header without an end": HEAD + b"X: " + b"x" * 100_000,
    "200 headers of a post": b"POST /local/@connections/x HTTP/1.1\r\n" + b"X: x\r\n" * 20_000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_request_is_431_when_its_headers_are_a_flood(flood: bytes) -> None:
    async with beside() as (gateway, function):
        assert (await exchange(gateway, flood)).startswith(b"HTTP/1.1 431 ")
    assert function.routes().count("$connect") == 1


@pytest.mark.parametrize("target", ["/local?" + "x" * 8_000, "/local/" + "x" * 60_000])
async def test_handshake_is_414_when_its_request_line_is_oversize(target: str) -> None:
    async with beside() as (gateway, _):
        assert (await exchange(gateway, handshake(target))).startswith(b"HTTP/1.1 414 ")


@pytest.mark.parametrize(
    ("begun", "answer"),
    [
        (b"GET /local HTTP/1.1\r\nX: ", b""),
        (b"POST /local/@connections/x HTTP/1.1\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 408 "),
        (b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nX: ", b"HTTP/1.1 403 "),
    ],
    ids=["handshake", "body of a post", "second request of a line"],
)
async def test_line_ends_in_time_when_its_request_comes_byte_by_byte(begun: bytes, answer: bytes) -> None:
    async with beside(Limits(head_timeout=0.5)) as (gateway, _), raw_line(gateway) as (reader, writer):
        writer.write(begun)
        answered = asyncio.create_task(reader.read())
        async with asyncio.timeout(PATIENCE):
            while not answered.done():
                await asyncio.wait({answered}, timeout=0.01)
                if not writer.transport.is_closing():
                    writer.write(b"x")
        assert (answered.exception() is not None and not answer) or answered.result().startswith(answer)


async def test_reading_stops_when_a_client_floods_a_connect_under_way() -> None:
    decided = asyncio.Event()

    async def decide(event: Event) -> Result:
        if event["headers"]["Host"] == "x":
            await decided.wait()
        return OK

    function = ScriptedFunction({"$connect": decide})
    async with beside(function=function) as (gateway, _), raw_line(gateway) as (reader, writer):
        writer.write(handshake())
        await function.next("$connect")
        message = text_frame("x" * 32_000)
        for _ in range(1_000):
            writer.write(message)
        async with connect(gateway.websocket_url) as other:
            for number in range(50):
                assert await ask(other, str(number)) == str(number)
        assert writer.transport.get_write_buffer_size() > 16_000_000
        decided.set()
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
