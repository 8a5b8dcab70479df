"""Facts about how connections end, and what `$disconnect` is told: W60-W63, W65, W66, W81.

Covers signalbox.gateway.sockets.lifecycle.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, Frame, Opcode

from signalbox.gateway.config import Limits
from signalbox.gateway.gateway import Gateway
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result
from tests.conformance.scripted import (
    PATIENCE,
    RAISED,
    Clock,
    Event,
    ScriptedFunction,
    answer,
    ask,
    connect,
    echo,
    exchange,
    never,
    running,
)


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
            async with connect(gateway):
                pass
            await function.next("$disconnect")
        async with connect(gateway) as client:
            await (await client.ping())


async def test_w60_nothing_is_invoked_when_there_is_no_disconnect_route() -> None:
    function = ScriptedFunction()
    async with running(function, routes=frozenset({"$connect"})) as gateway, connect(gateway):
        pass
    assert function.routes() == ["$connect"]


async def test_w61_close_without_a_status_is_1005() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway) as client:
        client.transport.write(Frame(Opcode.CLOSE, b"").serialize(mask=True))
        event = await function.next("$disconnect")
    assert cause(event) == (1005, "Client-side close frame status not set")


@pytest.mark.parametrize(
    ("code", "reason"), [(1001, ""), (1000, ""), (1000, "bye"), (4000, "my own \u00e4"), (3000, "")]
)
async def test_w62_code_and_reason_of_the_client_are_passed_on(code: int, reason: str) -> None:
    function = ScriptedFunction()
    async with running(function) as gateway:
        async with connect(gateway) as client:
            await client.close(code, reason)
        assert cause(await function.next("$disconnect")) == (code, reason)


TICK = 20
"""Milliseconds between two looks at the clock: the idle limit of these tests."""
Talk = Callable[[Gateway, ClientConnection, str], Awaitable[object]]


@asynccontextmanager
async def short_lived(lifetime: float) -> AsyncIterator[tuple[Clock, ScriptedFunction, Gateway]]:
    """A gateway whose connections are idle after a tick of a clock that stands still."""
    clock, function = Clock(), ScriptedFunction({"$default": echo})
    limits = Limits(idle=TICK / 1000, lifetime=lifetime)
    async with running(function, limits=limits, now=clock) as gateway:
        yield clock, function, gateway


async def end_of(client: ClientConnection) -> Close | None:
    """How the gateway closes a connection."""
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    return closed.value.rcvd


async def test_w63_w66_limits_are_ten_minutes_and_two_hours() -> None:
    assert (Limits().idle, Limits().lifetime) == (600, 7_200)


async def test_w63_idle_connection_is_closed_with_1001_going_away() -> None:
    async with (
        short_lived(lifetime=7_200) as (clock, function, gateway),
        connect(gateway) as client,
    ):
        clock.now += TICK
        assert await end_of(client) == Close(1001, "Going away")
        assert cause(await function.next("$disconnect")) == (1001, "Going away")


async def post(gateway: Gateway, _client: ClientConnection, connection_id: str) -> None:
    """Traffic from the server."""
    head = f"POST /local/@connections/{connection_id} HTTP/1.1\r\nConnection: close\r\nContent-Length: 1"
    await exchange(gateway, f"{head}\r\n\r\nx".encode())


async def say(_gateway: Gateway, client: ClientConnection, _connection_id: str) -> None:
    """Traffic from the client, and back."""
    await ask(client, "hello")


@pytest.mark.parametrize("talk", [post, say])
async def test_w66_traffic_in_either_direction_keeps_a_connection(talk: Talk) -> None:
    async with (
        short_lived(lifetime=7_200) as (clock, function, gateway),
        connect(gateway) as busy,
    ):
        connection_id = (await function.next("$connect"))["requestContext"]["connectionId"]
        for _ in range(3):
            async with connect(gateway) as quiet:
                clock.now += TICK - 1
                await talk(gateway, busy, connection_id)
                clock.now += 1
                assert await end_of(quiet) == Close(1001, "Going away")
            await talk(gateway, busy, connection_id)
        await (await busy.ping())


@pytest.mark.parametrize("reply", [answer(statusCode=200, body="late"), RAISED], ids=["reply", "error frame"])
async def test_w66_late_reply_is_traffic_of_its_own_time(reply: Result) -> None:
    released = asyncio.Event()

    async def reply_late(_event: Event) -> Result:
        await released.wait()
        return reply

    async with (
        short_lived(lifetime=7_200) as (clock, function, gateway),
        connect(gateway) as busy,
        connect(gateway) as quiet,
    ):
        function.scripts["$default"] = reply_late
        await busy.send("hello")
        await function.next("$default")
        clock.now += TICK - 1
        released.set()
        async with asyncio.timeout(PATIENCE):
            await busy.recv()
        clock.now += 1
        assert await end_of(quiet) == Close(1001, "Going away")
        await (await busy.ping())


async def test_w66_ping_is_no_traffic() -> None:
    async with (
        short_lived(lifetime=7_200) as (clock, _, gateway),
        connect(gateway) as client,
    ):
        clock.now += TICK - 1
        await (await client.ping())
        clock.now += 1
        assert await end_of(client) == Close(1001, "Going away")


async def test_w65_w66_connection_ends_after_its_lifetime_however_busy() -> None:
    async with (
        short_lived(lifetime=TICK / 1000) as (clock, function, gateway),
        connect(gateway) as client,
    ):
        clock.now += TICK - 1
        assert await ask(client, "busy") == "busy"
        clock.now += 1
        assert await end_of(client) == Close(1001, "Going away")
        assert cause(await function.next("$disconnect")) == (1001, "Going away")


def reset(client: ClientConnection) -> None:
    """Drop the TCP connection with a reset."""
    plain: socket.socket = client.transport.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.transport.abort()


async def test_w65_dropped_line_is_1006() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway:
        for drop in (lambda client: client.transport.abort(), reset):
            client = await connect(gateway)
            drop(client)
            assert cause(await function.next("$disconnect")) == (1006, "")


async def test_w81_disconnect_does_not_wait_for_messages_under_way() -> None:
    function = ScriptedFunction({"$default": never})
    limits = Limits(close_grace=0.01)
    async with running(function, limits=limits) as gateway, connect(gateway) as client:
        await client.send("for ever")
        await function.next("$default")
        await client.close()
        await function.next("$disconnect")
