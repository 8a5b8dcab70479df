import pytest
from hypothesis import given
from hypothesis import strategies as st

from connection_store import Rate


@pytest.mark.parametrize(
    ("rate", "interval"),
    [(Rate(5, 30), 200), (Rate(0.5, 1), 2_000), (Rate(1_000, 9), 1), (Rate(10**6, 1), 1)],
)
def test_share_of_a_second_is_whole_and_never_nothing(rate: Rate, interval: int) -> None:
    assert rate.interval == interval


@given(
    steps=st.lists(st.integers(0, 700), max_size=200),
    steady=st.sampled_from([1, 3, 5, 50]),
    burst=st.integers(1, 20),
)
def test_never_more_than_burst_and_steady_allow_in_any_window(
    steps: list[int], steady: int, burst: int
) -> None:
    rate, now, busy_until = Rate(steady, burst), 1_000_000, 0
    taken: list[int] = []
    for step in steps:
        now += step
        if rate.wait(busy_until, now) == 0:
            busy_until = rate.after(busy_until, now)
            taken.append(now)

    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - begin) / rate.interval


@given(burst=st.integers(1, 20), late=st.integers(0, 5_000))
def test_one_is_allowed_just_when_the_wait_is_over(burst: int, late: int) -> None:
    rate, now = Rate(3, burst), 1_000_000
    busy_until = now + late
    wait = rate.wait(busy_until, now)

    assert rate.wait(busy_until, now + wait) == 0
    assert wait == 0 or rate.wait(busy_until, now + wait - 1) == 1


def test_slow_and_steady_is_never_refused() -> None:
    rate, busy_until = Rate(5, 1), 0
    for now in range(1_000_000, 1_010_000, rate.interval):
        assert rate.wait(busy_until, now) == 0
        busy_until = rate.after(busy_until, now)
