"""Covers signalbox.client.settings."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from signalbox.client.connection.backoff import Backoff
from signalbox.client.settings import Settings

SETTINGS = Settings()
CROWD = 500


def reconnects(random: Callable[[], float]) -> Backoff:
    return Backoff(SETTINGS.reconnect_pause, SETTINGS, random)


@pytest.mark.parametrize(
    ("first", "pauses"),
    [
        (SETTINGS.reconnect_pause, [3, 6, 12, 24, 30, 30]),
        (SETTINGS.retry_pause, [0.5, 1, 2, 4, 8, 16, 30, 30]),
    ],
)
def test_the_ceiling_doubles_when_attempts_fail(first: float, pauses: list[float]) -> None:
    backoff = Backoff(first, SETTINGS, lambda: 1.0)

    assert [backoff.pause() for _ in pauses] == pauses
    assert [backoff.pause() for _ in range(2_000)][-1] == 30


@pytest.mark.parametrize(("seconds", "pause"), [(9.9, 12.0), (10.0, 3.0)])
def test_the_pauses_begin_again_when_a_connection_has_lived(seconds: float, pause: float) -> None:
    backoff = reconnects(lambda: 1.0)
    backoff.pause()
    backoff.pause()

    backoff.note_life(seconds)

    assert backoff.pause() == pause


@pytest.mark.parametrize("seed", range(20))
def test_no_second_has_twice_the_mean_when_the_server_stays_away(seed: int) -> None:
    attempts = Counter[int]()
    for number in range(CROWD):
        backoff, now = reconnects(Random(f"{seed}/{number}").random), 0.0
        while (now := now + backoff.pause()) < 180:
            attempts[int(now)] += 1

    seconds = range(60, 180)  # by then all have reached the ceiling
    mean = sum(attempts[second] for second in seconds) / len(seconds)
    assert max(attempts[second] for second in seconds) <= 2 * mean
