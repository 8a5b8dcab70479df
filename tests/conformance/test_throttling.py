"""Facts about throttling: W17, W31, W55, W71, W91.

Covers signalbox.gateway.sockets.rate_limit.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from signalbox.gateway.config import Throttle
from signalbox.gateway.gateway import Gateway
from tests.conformance.scripted import Clock, ScriptedFunction, ask, connect, echo, exchange, running

ID = r"[A-Za-z0-9_-]{15}="
UNKNOWN = "AAAAAAAAAAAAAAA="


@asynccontextmanager
async def throttled(**config: Any) -> AsyncIterator[tuple[Gateway, Clock, ScriptedFunction]]:
    """A gateway with throttles, and a clock that stands still."""
    clock, function = Clock(), ScriptedFunction({"$default": echo})
    async with running(function, now=clock, **config) as gateway:
        yield gateway, clock, function


async def status_of(gateway: Gateway) -> int:
    """The status of a handshake."""
    try:
        async with connect(gateway):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


async def describe(gateway: Gateway, connection_id: str = UNKNOWN) -> bytes:
    """What a GET on a connection is answered."""
    request = f"GET /local/@connections/{connection_id} HTTP/1.1\r\nConnection: close\r\n\r\n"
    return await exchange(gateway, request.encode())


async def test_w55_throttled_handshake_is_429_and_reaches_no_function() -> None:
    async with throttled(throttle=Throttle(rate=1, burst=2)) as (gateway, clock, function):
        assert [await status_of(gateway) for _ in range(4)] == [101, 101, 429, 429]
        assert function.routes().count("$connect") == 2
        clock.now += 999
        assert await status_of(gateway) == 429
        clock.now += 1
        assert [await status_of(gateway) for _ in range(2)] == [101, 429]


async def test_w71_throttled_message_is_a_frame_and_the_connection_lives() -> None:
    throttle = Throttle(rate=1, burst=2)
    async with (
        throttled(throttle=throttle) as (gateway, clock, function),
        connect(gateway) as client,
    ):
        assert await ask(client, "one") == "one"
        frame = await ask(client, "two")
        assert re.fullmatch(
            rf'\{{"message": "Too Many Requests", "connectionId":"{ID}", "requestId":"{ID}"\}}', str(frame)
        )
        clock.now += 1_000
        assert await ask(client, "three") == "three"
    assert [event["body"] for event in function.events if "body" in event] == ["one", "three"]


async def test_w17_w31_posts_share_the_bucket_of_the_stage_and_get_429() -> None:
    async with throttled(throttle=Throttle(rate=1, burst=1)) as (gateway, clock, _):
        assert (await describe(gateway)).startswith(b"HTTP/1.1 410 ")
        reply = await describe(gateway)
        assert reply.startswith(b"HTTP/1.1 429 ")
        assert b"x-amzn-ErrorType: LimitExceededException\r\n" in reply
        assert await status_of(gateway) == 429
        clock.now += 1_000
        assert await status_of(gateway) == 101


async def test_w91_burst_is_all_that_gathers() -> None:
    async with throttled(throttle=Throttle(rate=1_000, burst=2)) as (gateway, clock, _):
        clock.now += 3_600_000
        assert [await status_of(gateway) for _ in range(3)] == [101, 101, 429]


async def test_w91_refusals_make_no_tokens() -> None:
    async with throttled(throttle=Throttle(rate=1, burst=2)) as (gateway, clock, _):
        assert [await status_of(gateway) for _ in range(3)] == [101, 101, 429]
        statuses = []
        for _ in range(5):
            clock.now += 300
            statuses.append(await status_of(gateway))
        assert statuses == [429, 429, 429, 101, 429]


async def test_w91_route_has_a_throttle_of_its_own_below_that_of_the_stage() -> None:
    routes = frozenset({"$connect", "$disconnect", "$default", "slow"})
    throttles = {"slow": Throttle(rate=1, burst=1)}
    async with (
        throttled(routes=routes, two_way=routes, route_throttles=throttles) as (gateway, _, function),
        connect(gateway) as client,
    ):
        function.scripts["slow"] = echo
        slow = '{"action":"slow"}'
        assert await ask(client, slow) == slow
        assert "Too Many Requests" in str(await ask(client, slow))
        assert await ask(client, "fast") == "fast"


async def test_w91_disconnect_is_never_throttled() -> None:
    async with throttled(throttle=Throttle(rate=1, burst=1)) as (gateway, _, function):
        assert await status_of(gateway) == 101
        await function.next("$disconnect")


@pytest.mark.parametrize("back", [1_000, 3_600_000])
async def test_w91_clock_that_goes_back_takes_no_tokens_away(back: int) -> None:
    async with throttled(throttle=Throttle(rate=1, burst=2)) as (gateway, clock, _):
        assert await status_of(gateway) == 101
        clock.now -= back
        assert [await status_of(gateway) for _ in range(2)] == [101, 429]


async def test_w91_nothing_is_throttled_when_nobody_asked_for_it() -> None:
    async with throttled() as (gateway, _, _), connect(gateway) as client:
        for number in range(200):
            assert await ask(client, str(number)) == str(number)
