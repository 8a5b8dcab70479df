import pytest

from signalbox.load_test.ledger import Ledger
from signalbox.load_test.report.timeline import MOST_MOMENTS, list_latencies, list_moments

MILLISECOND = 1_000_000


@pytest.fixture
def ledger() -> Ledger:
    """Two connections, 20 bytes, 2 seconds."""
    ledger = Ledger("0a1b2c3d", connections=2, payload=20, timeout=2.0)
    ledger.begin("run")
    return ledger


def broadcast(ledger: Ledger, at: int, *latencies: int) -> None:
    """One broadcast at a time in milliseconds, received after so many by one connection each."""
    data = ledger.compose()
    ledger.announce(data, [0, 1], at * MILLISECOND)
    for index, latency in enumerate(latencies):
        ledger.receive(index, data.encode(), (at + latency) * MILLISECOND)


def test_each_broadcast_is_a_moment_when_there_are_few(ledger: Ledger) -> None:
    broadcast(ledger, 1_500, 10, 30)
    ledger.begin("storm 1")
    broadcast(ledger, 2_000, 20)

    first, second = list_moments(ledger.broadcasts, 1_000 * MILLISECOND)

    assert (first["phase"], first["at"], first["p99"], first["max"]) == ("run", 0.5, 30.0, 30.0)
    assert first["p50"] == pytest.approx(10, rel=1 / 128)
    assert (second["phase"], second["at"], second["max"]) == ("storm 1", 1.0, 20.0)


def test_a_broadcast_is_left_out_when_nobody_received_it(ledger: Ledger) -> None:
    broadcast(ledger, 0)

    assert list_moments(ledger.broadcasts, 0) == []


def test_neighbours_of_a_phase_are_one_moment_when_there_are_many(ledger: Ledger) -> None:
    for at in range(MOST_MOMENTS):
        broadcast(ledger, at, at)
    ledger.begin("storm 1")
    broadcast(ledger, 900, 1)

    moments = list_moments(ledger.broadcasts, 0)

    assert len(moments) == MOST_MOMENTS // 2 + 1
    assert [moment["max"] for moment in moments[-3:]] == [237.0, 239.0, 1.0]
    assert [moment["phase"] for moment in moments[-2:]] == ["run", "storm 1"]


def test_the_distribution_counts_everything_when_some_are_alike(ledger: Ledger) -> None:
    broadcast(ledger, 0, 5, 5)
    broadcast(ledger, 10, 100)

    (low, twice), (high, once) = list_latencies(ledger.tally.latency)

    assert (twice, once, high) == (2, 1, 100.0)
    assert low == pytest.approx(5, rel=1 / 128)
