import pytest

from signalbox.aws.clock import MAX_SKEW, ServerClock
from tests.framework.aws.responses import respond

NOW = 1_767_225_600
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


@pytest.mark.parametrize("skew", [-86_400, -MAX_SKEW, MAX_SKEW, 600])
def test_time_is_the_servers_when_the_clock_was_wrong(skew: int) -> None:
    clock = ServerClock(lambda: float(NOW + skew))

    assert clock.correct(respond(403, Date=DATE), clock.now())
    assert clock.now() == NOW


@pytest.mark.parametrize("date", ["", "yesterday", DATE])
def test_time_stays_when_the_clock_was_right_or_nobody_knows(date: str) -> None:
    clock = ServerClock(lambda: NOW + 30.7)

    assert not clock.correct(respond(403, Date=date), clock.now())
    assert clock.now() == NOW + 30
