"""Covers signalbox.publisher.outcomes, signalbox.publisher.outcome_counter."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from signalbox.publisher import Failed, FanOutError, Gone, Outcome, Report, Sent, Slow, TooLarge
from signalbox.publisher.fanout import REFUSALS
from signalbox.testing.gateway import MemoryGateway
from tests.framework.publisher.audience import (
    FOREVER,
    NOW,
    Audience,
    Person,
    PostingGateway,
    posts_of,
    seconds,
    send,
    until,
)


async def test_everybody_gets_the_frame_once_when_nothing_goes_wrong() -> None:
    gateway, audience = MemoryGateway(), Audience(10_000)

    report = await send(gateway, audience.stream())

    assert report == Report(recipients=10_000, sent=10_000)
    assert gateway.posts == [(f"c{number}", b"frame") for number in range(10_000)]
    assert audience.closed == 1


async def test_nothing_happens_when_there_is_nobody() -> None:
    assert await send(MemoryGateway(), Audience(0).stream()) == Report()


async def test_f15_others_are_served_when_four_of_a_thousand_go_wrong() -> None:
    gateway = MemoryGateway(latency=0.01)
    gateway.script("c3", Gone())
    gateway.script("c500", *[Slow()] * REFUSALS)
    gateway.script("c501", Failed("ForbiddenException", retry=False))
    gateway.script("c999", RuntimeError("canary"))

    report = await send(gateway, Audience(1_000).stream())

    assert report == Report(
        recipients=1_000,
        sent=996,
        gone=("c3",),
        slow=("c500",),
        failed=("c501", "c999"),
        reasons={"ForbiddenException": 1, "RuntimeError": 1},
    )
    assert posts_of(gateway) == {
        **dict.fromkeys((f"c{number}" for number in range(1_000)), 1),
        "c500": REFUSALS,
    }


async def test_f15_others_are_served_when_a_post_is_cancelled_from_within() -> None:
    async def post(connection_id: str) -> Outcome:
        if connection_id == "c3":
            raise asyncio.CancelledError
        return Sent()

    report = await send(PostingGateway(post), Audience(100).stream(), concurrency=1)

    assert report == Report(recipients=100, sent=99, failed=("c3",), reasons={"CancelledError": 1})


async def test_frame_is_counted_when_it_is_too_large() -> None:
    gateway = MemoryGateway()
    gateway.script("c1", TooLarge())

    assert await send(gateway, Audience(3).stream()) == Report(recipients=3, sent=2, too_large=1)


@pytest.mark.parametrize(
    ("second", "report"),
    [
        (Sent(), Report(recipients=1, sent=1)),
        (Gone(), Report(recipients=1, gone=("c0",))),
        (Failed("HTTP 503", retry=True), Report(recipients=1, failed=("c0",), reasons={"HTTP 503": 1})),
    ],
)
async def test_post_is_tried_twice_when_it_may_work_next_time(second: Outcome, report: Report) -> None:
    gateway = MemoryGateway()
    gateway.script("c0", Failed("HTTP 500", retry=True), second)

    assert await send(gateway, Audience(1).stream()) == report
    assert len(gateway.posts) == 2
    assert seconds() == pytest.approx(0.1)  # half of 0.2 s, says the jitter


async def test_f06_young_connection_is_tried_again_when_it_seems_gone() -> None:
    gateway = MemoryGateway()
    gateway.script("c1", Gone(), Sent())

    assert await send(gateway, Audience(3, young=1).stream()) == Report(recipients=3, sent=3)
    assert seconds() == pytest.approx(1.0)


async def test_f06_young_connection_is_never_pruned_when_it_stays_gone() -> None:
    gateway = MemoryGateway()
    gateway.script("c1", Gone(), Gone())

    report = await send(gateway, Audience(3, young=1).stream())

    assert report == Report(recipients=3, sent=2, failed=("c1",), reasons={"HandshakePending": 1})
    assert posts_of(gateway) == {"c0": 1, "c1": 2, "c2": 1}


@pytest.mark.parametrize(("age", "gone"), [(9_999, ()), (10_000, ("c0",))])
async def test_f06_connection_is_young_when_it_is_less_than_ten_seconds_old(
    age: int, gone: tuple[str, ...]
) -> None:
    async def stream() -> AsyncIterator[Person]:
        yield Person(0, NOW - age)

    gateway = MemoryGateway()
    gateway.script("c0", Gone(), Gone())

    assert (await send(gateway, stream())).gone == gone


async def test_posts_are_bounded_when_there_are_many_recipients() -> None:
    async def post(connection_id: str) -> Outcome:
        await asyncio.sleep(0.01 if int(connection_id[1:]) % 3 else 0.05)
        return Sent()

    gateway = PostingGateway(post)

    assert (await send(gateway, Audience(1_000).stream(), concurrency=7)).sent == 1_000
    assert gateway.peak == 7


async def test_recipients_are_read_little_ahead_when_posts_are_slow() -> None:
    audience = Audience(10_000)
    ahead = []

    async def post(connection_id: str) -> Outcome:
        ahead.append(audience.read - len(gateway.posted))
        await asyncio.sleep(0.01)
        return Sent()

    gateway = PostingGateway(post)
    await send(gateway, audience.stream(), concurrency=8)

    assert max(ahead) <= 2 * 8


@pytest.mark.parametrize(("latency", "concurrency"), [(0.0, 1), (0.05, 1), (0.05, 2), (0.1, 2), (0.2, 64)])
async def test_nobody_waits_for_others_when_the_stream_is_slow(latency: float, concurrency: int) -> None:
    gateway = MemoryGateway(latency=latency)

    report = await send(gateway, Audience(50, pause=0.05).stream(), concurrency=concurrency)

    assert report.sent == 50
    assert seconds() == pytest.approx(50 * 0.05 + latency)


async def test_what_was_sent_is_not_lost_when_the_stream_breaks() -> None:
    gateway, audience = MemoryGateway(latency=0.1), Audience(1_000, breaks_at=100)

    with pytest.raises(FanOutError) as failure:
        await send(gateway, audience.stream(), concurrency=8)

    assert failure.value.report == Report(recipients=100, sent=100, cursor="99", complete=False)
    assert isinstance(failure.value.__cause__, OSError)
    assert audience.closed == 1


async def test_recipients_need_no_generator_when_they_can_be_iterated() -> None:
    class Two:
        def __init__(self) -> None:
            self.left = [Person(1), Person(0)]

        def __aiter__(self) -> "Two":
            return self

        async def __anext__(self) -> Person:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    assert (await send(MemoryGateway(), Two())).sent == 2


async def test_f29_no_task_is_left_when_it_ends_in_any_way() -> None:
    async def post(connection_id: str) -> Outcome:
        await asyncio.sleep(FOREVER if connection_id == "c99" else 0.1)
        return Sent()

    audience = Audience(1_000)
    cancelled = asyncio.create_task(send(PostingGateway(post), audience.stream()))
    await asyncio.sleep(0.25)
    cancelled.cancel()
    await asyncio.wait({cancelled})
    await send(PostingGateway(post), audience.stream(), until(seconds() + 1.0))
    with pytest.raises(FanOutError):
        await send(PostingGateway(post), Audience(50, breaks_at=20).stream())

    assert cancelled.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert audience.closed == 2
