import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from signalbox.publisher import ApiGateway, Failed, Sent
from tests.framework.aws.scripted import Server, answer

Make = Callable[..., ApiGateway]
ID = "R0oXAdfD0kwCH6w="


def date(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def signed_at(request: bytes) -> int:
    stamp = re.search(rb"x-amz-date: (\S+)", request)
    assert stamp is not None
    return int(datetime.strptime(stamp[1].decode() + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp())


@pytest.mark.parametrize("skew", [-86_400, -300, 300, 86_400])
async def test_clock_is_set_right_when_the_signature_was_refused_for_it(
    server: Server, gateway_to: Make, skew: int
) -> None:
    now = 1_767_225_600
    gateway = gateway_to(server, clock=lambda: float(now + skew))
    server.respond = lambda request: (
        [answer(200)]
        if signed_at(request) == now
        else [answer(403, Date=date(now), x_amzn_ErrorType="InvalidSignature")]
    )

    assert [await gateway.post(ID, b"hello") for _ in range(3)] == [Sent()] * 3
    assert [signed_at(request) for request in server.requests] == [now + skew, now, now, now]


async def test_clock_is_set_right_again_when_it_was_set_itself(server: Server, gateway_to: Make) -> None:
    now, skew = 1_767_225_600, [3_600.0]
    gateway = gateway_to(server, clock=lambda: now + skew[0])
    server.respond = lambda request: [answer(200 if signed_at(request) == now else 403, Date=date(now))]

    assert await gateway.post(ID, b"hello") == Sent()
    skew[0] = 0.0
    assert await gateway.post(ID, b"hello") == Sent()
    assert [signed_at(request) - now for request in server.requests] == [3_600, 0, -3_600, 0]


@pytest.mark.parametrize("when", [date(1_767_225_600), "yesterday", ""])
async def test_post_is_not_sent_again_when_it_was_refused_for_another_reason(
    server: Server, gateway_to: Make, when: str
) -> None:
    gateway = gateway_to(server, clock=lambda: 1_767_225_600.0 + 30)
    server.respond = lambda request: [answer(403, x_amzn_ErrorType="ForbiddenException", Date=when)]

    assert await gateway.post(ID, b"hello") == Failed("ForbiddenException", retry=False)
    assert len(server.requests) == 1


async def test_post_is_sent_twice_at_most_when_no_clock_is_good_enough(
    server: Server, gateway_to: Make
) -> None:
    server.respond = lambda request: [answer(403, Date=date(2_000_000_000 + 3_600 * len(server.requests)))]

    assert await gateway_to(server).post(ID, b"hello") == Failed("HTTP 403", retry=False)
    assert len(server.requests) == 2
