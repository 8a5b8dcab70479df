import math

import pytest

from signalbox.publisher import SendBudget
from signalbox.publisher.budget import BURST, RECOVERY


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def send_for(budget: SendBudget, clock: Clock, seconds: float) -> list[float]:
    """When posts went out, from one that sends as fast as it may."""
    sent, end = [], clock.seconds + seconds
    while clock.seconds < end:
        clock.seconds += max(0.0, budget.reserve())
        sent.append(clock.seconds)
    return sent


@pytest.mark.parametrize("rate", [1.0, 12.5, 187.5, 3_000.0])
def test_f16_no_second_has_more_posts_than_the_rate_when_somebody_hurries(clock: Clock, rate: float) -> None:
    sent = send_for(SendBudget(rate, clock=clock), clock, 10)

    most = max(sum(start <= each < start + 1 for each in sent) for start in sent[:: max(1, len(sent) // 200)])
    assert most <= rate * (1 + BURST) + 1
    assert len(sent) >= 10 * rate


def test_unused_time_is_no_credit_when_posts_come_late(clock: Clock) -> None:
    budget = SendBudget(100, clock=clock)
    budget.reserve()
    clock.seconds += 60

    assert sum(budget.reserve() <= 0 for _ in range(100)) == pytest.approx(100 * BURST, abs=1)


def test_pace_is_halved_once_when_many_say_so_in_one_second(clock: Clock) -> None:
    budget = SendBudget(1_000, clock=clock)

    for _ in range(50):
        budget.back_off()
    assert budget.pace == 500
    clock.seconds += 1
    budget.back_off()
    assert budget.pace == pytest.approx((500 + 1_000 / RECOVERY) / 2)


def test_pace_climbs_back_in_a_straight_line_when_nobody_complains(clock: Clock) -> None:
    budget = SendBudget(1_000, clock=clock)
    budget.back_off()
    paces = []
    for _ in range(12):
        clock.seconds += RECOVERY / 20
        paces.append(budget.pace)

    assert paces[:3] == pytest.approx([550, 600, 650])
    assert paces[-1] == 1_000


def test_pace_never_ends_when_the_account_is_refused_for_long(clock: Clock) -> None:
    budget = SendBudget(4, clock=clock)
    for _ in range(100):
        budget.back_off()
        clock.seconds += 1

    assert budget.pace >= 1


def test_nobody_waits_when_there_is_no_rate(clock: Clock) -> None:
    budget = SendBudget(clock=clock)
    budget.back_off()

    assert all(budget.reserve() <= 0 for _ in range(10_000))
    assert budget.pace == math.inf
