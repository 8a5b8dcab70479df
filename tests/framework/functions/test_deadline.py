import pytest

from signalbox.functions.deadline import RESERVE, time_left


class Invocation:
    """Lambda's context, whose time runs."""

    def __init__(self, *milliseconds: int) -> None:
        self._left = iter(milliseconds)

    def get_remaining_time_in_millis(self) -> int:
        return next(self._left)


def test_time_shrinks_while_the_work_goes_on() -> None:
    left = time_left(Invocation(10_000, 4_500))

    assert left() == pytest.approx(10 - RESERVE)
    assert left() == pytest.approx(4.5 - RESERVE)


def test_time_is_negative_when_the_reserve_is_begun() -> None:
    assert time_left(Invocation(1_000))() < 0
