"""Each fault of events and posts does what it says, to those it names and to nobody else.

Covers signalbox.gateway.faults.hooks, signalbox.gateway.hooks.
"""

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from signalbox.gateway.faults.plan import Delay, Drop, Duplicate, Refuse, Shuffle
from signalbox.gateway.gateway import wall_clock
from tests.conformance.scripted import PATIENCE, Clock, ScriptedFunction, ask, echo
from tests.local.fault_gateway import call_connections, connected_client, gateway_with_faults, receive_frames


async def test_disconnect_never_arrives_when_it_is_dropped() -> None:
    function = ScriptedFunction({"$default": echo})
    async with gateway_with_faults(Drop("disconnect", connection=1), function=function) as gateway:
        for _ in range(2):
            async with connect(gateway.websocket_url):
                pass
        disconnected = await function.next("$disconnect")
    assert function.routes().count("$disconnect") == 1
    second = [event for event in function.events if event["requestContext"]["routeKey"] == "$connect"][1]
    assert disconnected["requestContext"]["connectionId"] == second["requestContext"]["connectionId"]


async def test_sender_hears_nothing_when_a_message_is_dropped() -> None:
    function = ScriptedFunction({"$default": echo})
    async with (
        gateway_with_faults(Drop("message", nth=1), function=function) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        await client.send("lost")
        assert await ask(client, "heard") == "heard"
    assert [event["body"] for event in function.events if "body" in event] == ["heard"]


async def test_post_is_accepted_and_never_arrives_when_it_is_dropped() -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Drop("post", nth=1), function=function) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        assert await call_connections(gateway, connection_id, "lost") == 200
        assert await call_connections(gateway, connection_id, "heard") == 200
        assert await receive_frames(client) == ["heard"]


async def test_second_message_overtakes_the_first_when_that_is_delayed() -> None:
    function = ScriptedFunction({"$default": echo})
    late = Delay("message", 0.05, connection=1, nth=1)
    async with (
        gateway_with_faults(late, function=function) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        await client.send("first")
        await client.send("second")
        assert await receive_frames(client, 2) == ["second", "first"]


async def test_disconnect_comes_after_the_next_connect_when_it_is_late_by_the_gateways_clock() -> None:
    function = ScriptedFunction()
    late = Delay("disconnect", 600, connection=1)
    async with gateway_with_faults(late, function=function, clock_rate=300) as gateway:
        async with connect(gateway.websocket_url):
            pass
        async with connect(gateway.websocket_url):
            await function.next("$disconnect")
    assert function.routes() == ["$connect", "$connect", "$disconnect", "$disconnect"]


async def test_function_gets_an_event_twice_and_the_client_one_answer_when_it_is_doubled() -> None:
    function = ScriptedFunction({"$default": echo})
    async with (
        gateway_with_faults(Duplicate("message", nth=1), function=function) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        await client.send("twice")
        first, second = [await function.next("$default") for _ in range(2)]
        assert await receive_frames(client) == ["twice"]
        assert await ask(client, "once") == "once"
    assert first == second


async def test_client_gets_a_post_twice_when_it_is_doubled() -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Duplicate("post"), function=function) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        assert await call_connections(gateway, connection_id, "hello") == 200
        assert await receive_frames(client, 2) == ["hello", "hello"]


async def shuffled(seed: int) -> list[str | bytes]:
    """What a client hears of 10 posts that are shuffled in windows of 5."""
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Shuffle("post", 5, within=PATIENCE), function=function, seed=seed) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        for number in range(10):
            assert await call_connections(gateway, connection_id, str(number)) == 200
        return await receive_frames(client, 10)


async def test_every_post_arrives_in_its_window_when_they_are_shuffled() -> None:
    heard = await shuffled(seed=1)
    windows = [set(heard[:5]), set(heard[5:])]
    assert windows == [set(map(str, range(5))), set(map(str, range(5, 10)))]
    assert heard != [str(number) for number in range(10)]
    assert heard == await shuffled(seed=1)
    assert heard != await shuffled(seed=2)


async def test_posts_arrive_when_their_window_is_not_full_in_time() -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Shuffle("post", 5, within=0.05), function=function) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        for text in ("one", "two"):
            assert await call_connections(gateway, connection_id, text) == 200
        assert set(await receive_frames(client, 2)) == {"one", "two"}


async def test_messages_are_invoked_in_another_order_when_they_are_shuffled() -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(Shuffle("message", 8, within=PATIENCE), function=function, seed=1) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        for number in range(8):
            await client.send(str(number))
        bodies = [(await function.next("$default"))["body"] for _ in range(8)]
    assert sorted(bodies) == list("01234567") != bodies


async def test_events_tell_the_time_of_the_faster_clock() -> None:
    function, clock = ScriptedFunction(), Clock()
    async with (
        gateway_with_faults(function=function, now=clock, clock_rate=600) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        connected = (await function.next("$connect"))["requestContext"]
        clock.now += 1_000
        await client.send("ten minutes later")
        context = (await function.next("$default"))["requestContext"]
    assert connected["requestTimeEpoch"] == connected["connectedAt"]
    assert context["requestTimeEpoch"] - connected["requestTimeEpoch"] == 600_000


async def test_idle_connection_is_closed_early_when_the_clock_is_faster() -> None:
    function = ScriptedFunction()
    async with (
        gateway_with_faults(function=function, now=wall_clock, clock_rate=60_000) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        with pytest.raises(ConnectionClosed) as closed:
            await receive_frames(client)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "Going away")


async def test_gateway_stops_when_events_and_posts_are_still_on_their_way() -> None:
    function = ScriptedFunction()
    faults = (Delay("disconnect", 1_000), Delay("post", 1_000), Duplicate("message"), Delay("message", 1_000))
    async with (
        asyncio.timeout(PATIENCE),
        gateway_with_faults(*faults, function=function) as gateway,
        connected_client(gateway, function) as (client, connection_id),
    ):
        assert await call_connections(gateway, connection_id, "late") == 200
        await client.send("late")
    assert function.routes() == ["$connect"]


async def outcomes(seed: int) -> tuple[list[int], list[str]]:
    """What 30 posts are answered, and which of 30 messages the function gets."""
    function = ScriptedFunction()
    plan = (Refuse(429, chance=0.2), Refuse(410, chance=0.1), Drop("message", chance=0.3))
    async with gateway_with_faults(*plan, function=function, seed=seed) as gateway:
        async with connected_client(gateway, function) as (client, connection_id):
            statuses = [await call_connections(gateway, connection_id) for _ in range(30)]
            for number in range(30):
                await client.send(str(number))
        await function.next("$disconnect")
    return statuses, sorted(event["body"] for event in function.events if "body" in event)


async def test_outcomes_are_the_same_when_a_plan_is_replayed() -> None:
    first = await outcomes(seed=3)
    assert set(first[0]) == {200, 410, 429}
    assert 0 < len(first[1]) < 30
    assert await outcomes(seed=3) == first
    assert await outcomes(seed=4) != first
