"""Facts about how connections end, and what `$disconnect` is told: W60-W62, W65, W81."""

import socket
import struct

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode

from local_gateway.config import Limits
from local_gateway.sandbox import Answer, Failure, Result
from tests.conformance.scripted import RAISED, Event, ScriptedFunction, never, running


def cause(event: Event) -> tuple[int, str]:
    """The code and reason of a DISCONNECT event."""
    context = event["requestContext"]
    return context["disconnectStatusCode"], context["disconnectReason"]


async def test_w60_disconnect_follows_the_close_and_its_answer_is_ignored() -> None:
    results: list[Result] = [RAISED, Failure("timeout", "x"), Answer(b"null"), Answer(b'{"statusCode":500}')]
    function = ScriptedFunction()
    async with running(function) as gateway:
        for result in results:
            function.scripts["$disconnect"] = result
            async with connect(gateway.websocket_url):
                pass
            await function.next("$disconnect")
        async with connect(gateway.websocket_url) as client:
            await (await client.ping())


async def test_w60_nothing_is_invoked_when_there_is_no_disconnect_route() -> None:
    function = ScriptedFunction()
    async with running(function, routes=frozenset({"$connect"})) as gateway, connect(gateway.websocket_url):
        pass
    assert function.routes() == ["$connect"]


async def test_w61_close_without_a_status_is_1005() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway.websocket_url) as client:
        client.transport.write(Frame(Opcode.CLOSE, b"").serialize(mask=True))
        event = await function.next("$disconnect")
    assert cause(event) == (1005, "Client-side close frame status not set")


@pytest.mark.parametrize(
    ("code", "reason"), [(1001, ""), (1000, ""), (1000, "bye"), (4000, "my own \u00e4"), (3000, "")]
)
async def test_w62_code_and_reason_of_the_client_are_passed_on(code: int, reason: str) -> None:
    function = ScriptedFunction()
    async with running(function) as gateway:
        async with connect(gateway.websocket_url) as client:
            await client.close(code, reason)
        assert cause(await function.next("$disconnect")) == (code, reason)


def reset(client: ClientConnection) -> None:
    """Drop the TCP connection with a reset."""
    plain: socket.socket = client.transport.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.transport.abort()


async def test_w65_dropped_line_is_1006() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway:
        for drop in (lambda client: client.transport.abort(), reset):
            client = await connect(gateway.websocket_url)
            drop(client)
            assert cause(await function.next("$disconnect")) == (1006, "")


async def test_w81_disconnect_does_not_wait_for_messages_under_way() -> None:
    function = ScriptedFunction({"$default": never})
    limits = Limits(close_grace=0.01)
    async with running(function, limits=limits) as gateway, connect(gateway.websocket_url) as client:
        await client.send("for ever")
        await function.next("$default")
        await client.close()
        await function.next("$disconnect")
