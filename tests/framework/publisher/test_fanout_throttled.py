"""Refusals (429): those that are one recipient's own, and those that are the account's."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from signalbox.publisher import Outcome, Report, SendBudget, Sent, Slow, fan_out
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

SLICES = 16
BUDGET = 3_000


class Account:
    """Takes `rate` posts a second, by a token bucket, and refuses the others; `slow` clients never read."""

    def __init__(self, rate: float, slow: frozenset[str] = frozenset()) -> None:
        self.rate = rate
        self.slow = slow
        self.tokens = self.most = rate / 10
        self.looked = 0.0
        self.served: Counter[str] = Counter()
        self.times: list[float] = []

    async def post(self, connection_id: str) -> Outcome:
        now = seconds()
        self.times.append(now)
        self.tokens = min(self.most, self.tokens + (now - self.looked) * self.rate)
        self.looked = now
        await asyncio.sleep(0.02)
        if connection_id in self.slow or self.tokens < 1:
            return Slow()
        self.tokens -= 1
        self.served[connection_id] += 1
        return Sent()


async def share(account: Account, size: int, slices: int = SLICES) -> list[Report]:
    """An audience served by `slices` workers that know nothing of each other."""

    async def one(number: int) -> Report:
        everybody = Audience(size).stream()
        mine = (person async for person in everybody if person.number % slices == number)
        return await fan_out(
            PostingGateway(account.post),
            b"frame",
            mine,
            now=NOW,
            time_left=until(600),
            budget=SendBudget(BUDGET / slices, clock=asyncio.get_running_loop().time),
            jitter=random.Random(number).random,
        )

    return await asyncio.gather(*map(one, range(slices)))


@pytest.mark.parametrize("slices", [1, SLICES])
async def test_f16_nobody_is_lost_when_the_account_is_refused_above_200_a_second(slices: int) -> None:
    account = Account(200)

    reports = await share(account, 4_000, slices)

    assert sum(report.sent for report in reports) == 4_000
    assert all(report.complete for report in reports)
    assert set(account.served.values()) == {1}
    assert 19 < seconds() < 30  # N/200 s at best


async def test_f16_parallel_slices_stay_inside_the_budget_when_nobody_refuses() -> None:
    account = Account(1e9)

    await share(account, 12_000)

    for start in range(35):
        second = sum(start / 10 <= time < start / 10 + 1 for time in account.times)
        assert second <= BUDGET * 1.1
    assert seconds() < 12_000 / BUDGET * 1.1


async def test_f17_the_others_do_not_wait_when_one_in_a_hundred_is_slow() -> None:
    slow = frozenset(f"c{number}" for number in range(0, 6_000, 100))
    account = Account(1e9, slow)

    (report,) = await share(account, 6_000, slices=1)

    assert set(report.slow) == slow
    assert (report.sent, report.complete) == (5_940, True)
    assert max(account.times) - 6_000 / BUDGET < 1 + 2 + 3  # the last one's tries, and no more
    assert account.served.total() == 5_940


async def test_f17_slow_client_is_served_when_it_reads_again_in_time() -> None:
    gateway = MemoryGateway()
    gateway.script("c1", *[Slow()] * (REFUSALS - 1))

    assert await send(gateway, Audience(3).stream()) == Report(recipients=3, sent=3)
    assert posts_of(gateway)["c1"] == REFUSALS


async def test_f17_refused_are_left_to_the_next_slice_when_the_account_is_refused_to_the_end() -> None:
    async def post(connection_id: str) -> Outcome:
        await asyncio.sleep(0.01)
        return Sent() if int(connection_id[1:]) < 50 else Slow()

    report = await send(PostingGateway(post), Audience(500).stream(), until(5), concurrency=8)

    assert report == Report(recipients=50, sent=50, cursor="49", complete=False, throttled=True)


async def test_pace_is_cut_when_the_account_is_refused_and_not_for_a_slow_client() -> None:
    clock = asyncio.get_running_loop().time
    for slow, cut in ((9, False), (10, True)):
        budget = SendBudget(BUDGET, clock=clock)
        gateway = MemoryGateway(latency=0.01)
        for number in range(slow):
            gateway.script(f"c{number}", Slow())

        assert (await send(gateway, Audience(100).stream(), budget=budget)).sent == 100
        assert (budget.pace < BUDGET) is cut


async def test_f18_fan_out_ends_in_time_when_one_in_a_hundred_hangs() -> None:
    async def post(connection_id: str) -> Outcome:
        await asyncio.sleep(FOREVER if int(connection_id[1:]) % 100 == 99 else 0.01)
        return Sent()

    async def stream() -> AsyncIterator[Person]:
        for number in range(1_000):
            yield Person(number)

    report = await send(PostingGateway(post), stream(), until(5))

    assert seconds() == pytest.approx(6)
    assert (report.cursor, report.sent) == ("98", 99)
