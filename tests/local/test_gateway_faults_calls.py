"""Each fault of calls of `@connections` does what it says, to those it names and to nobody else."""

import asyncio

import pytest

from signalbox.gateway import Throttle
from signalbox.gateway.faults.hooks import FaultHooks
from signalbox.gateway.faults.plan import Hang, Refuse, Stall
from tests.conformance.scripted import Clock, ScriptedFunction, ask, echo, exchange
from tests.local.fault_gateway import call_connections, connected_client, gateway_with_faults, receive_frames


@pytest.mark.parametrize("status", [403, 410, 429, 500, 503])
async def test_call_does_nothing_and_gets_the_status_when_it_is_refused(status: int) -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Refuse(status, connection=1, nth=2), function=function) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        statuses = [await call_connections(gateway, connection_id, str(number)) for number in range(3)]
        assert await receive_frames(client, 2) == ["0", "2"]
    assert statuses == [200, status, 200]


async def test_error_type_is_the_one_sdks_look_for_when_a_call_is_refused_as_gone() -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Refuse(410), function=function) as gateway,
        connected_client(gateway, function) as (_, connection_id),
    ):
        request = f"GET /local/%40connections/{connection_id} HTTP/1.1\r\nConnection: close\r\n\r\n"
        reply = await exchange(gateway, request.encode())
    assert reply.startswith(b"HTTP/1.1 410 ")
    assert b"x-amzn-ErrorType: GoneException\r\n" in reply


async def test_frame_arrives_all_the_same_when_only_the_answer_is_lost() -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Refuse(500, delivered=True), function=function) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        assert await call_connections(gateway, connection_id, "hello") == 500
        assert await receive_frames(client) == ["hello"]


@pytest.mark.parametrize("delivered", [True, False])
async def test_others_are_answered_when_a_call_hangs(delivered: bool) -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Hang(nth=1, delivered=delivered), function=function) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        hanging = asyncio.create_task(call_connections(gateway, connection_id, "first"))
        while not isinstance(gateway.hooks, FaultHooks) or not gateway.hooks.injected:  # noqa: ASYNC110 a counter
            await asyncio.sleep(0)
        assert await call_connections(gateway, connection_id, "second") == 200
        assert await receive_frames(client) == ["first" if delivered else "second"]
        assert not hanging.done()
        hanging.cancel()


async def test_posts_are_429_and_replies_lost_when_a_client_reads_no_more() -> None:
    function = ScriptedFunction({"$default": echo})
    async with (
        gateway_with_faults(Stall(connection=1, after=2), function=function) as gateway,
        connected_client(gateway, function) as (stalled, first),
        connected_client(gateway, function) as (other, second),
    ):
        assert [await call_connections(gateway, first, str(number)) for number in range(4)] == [
            200,
            200,
            429,
            429,
        ]
        assert [await call_connections(gateway, second, str(number)) for number in range(4)] == [200] * 4
        await stalled.send("lost")
        await function.next("$default")
        assert await receive_frames(other, 4) == list("0123")
        assert await receive_frames(stalled, 2) == list("01")
        assert await ask(other, "heard") == "heard"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await stalled.recv()


async def test_calls_above_the_rate_are_429_and_messages_are_not_when_calls_are_throttled() -> None:
    function, clock = ScriptedFunction({"$default": echo}), Clock()
    async with (
        gateway_with_faults(Throttle(rate=2, burst=3), function=function, now=clock) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        assert [await call_connections(gateway, connection_id) for _ in range(5)] == [200, 200, 200, 429, 429]
        clock.now += 500
        assert [await call_connections(gateway, connection_id) for _ in range(2)] == [200, 429]
        await client.send("hello")
        assert "hello" in await receive_frames(client, 5)
