from collections import Counter
from random import Random

import pytest

from client.backoff import Backoff
from client.settings import Settings

SETTINGS = Settings()
CROWD = 500


def test_the_ceiling_doubles_when_attempts_fail() -> None:
    backoff = Backoff(SETTINGS, lambda: 1.0)

    assert [backoff.pause() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [backoff.pause() for _ in range(2_000)][-1] == 30


@pytest.mark.parametrize(("seconds", "pause"), [(9.9, 2.0), (10.0, 0.5)])
def test_the_pauses_begin_again_when_a_connection_has_lived(seconds: float, pause: float) -> None:
    backoff = Backoff(SETTINGS, lambda: 1.0)
    backoff.pause()
    backoff.pause()

    backoff.note_life(seconds)

    assert backoff.pause() == pause


@pytest.mark.parametrize("seed", range(20))
def test_a_crowd_spreads_when_all_are_cut_off_at_once(seed: int) -> None:
    arrivals = [Backoff(SETTINGS, Random(f"{seed}/{number}").random).pause() for number in range(CROWD)]

    tenths = Counter(int(arrival * 20) for arrival in arrivals)
    assert max(tenths.values()) <= 2 * CROWD / 10


@pytest.mark.parametrize("seed", range(20))
def test_no_second_has_twice_the_mean_when_the_server_stays_away(seed: int) -> None:
    attempts = Counter[int]()
    for number in range(CROWD):
        backoff, now = Backoff(SETTINGS, Random(f"{seed}/{number}").random), 0.0
        while (now := now + backoff.pause()) < 180:
            attempts[int(now)] += 1

    seconds = range(60, 180)  # by then all have reached the ceiling
    mean = sum(attempts[second] for second in seconds) / len(seconds)
    assert max(attempts[second] for second in seconds) <= 2 * mean
