import pytest

from signalbox.load_test.deliveries import DeliveryTracker
from signalbox.load_test.report.timeline import MOST_MOMENTS, list_latencies, list_moments

MILLISECOND = 1_000_000


@pytest.fixture
def tracker() -> DeliveryTracker:
    """Two connections, 20 bytes, 2 seconds."""
    tracker = DeliveryTracker("0a1b2c3d", connections=2, payload=20, timeout=2.0)
    tracker.begin("run")
    return tracker


def broadcast(tracker: DeliveryTracker, at: int, *latencies: int) -> None:
    """One broadcast at a time in milliseconds, received after so many by one connection each."""
    data = tracker.compose()
    tracker.expect(data, [0, 1], at * MILLISECOND)
    for index, latency in enumerate(latencies):
        tracker.receive(index, data.encode(), (at + latency) * MILLISECOND)


def test_each_broadcast_is_a_moment_when_there_are_few(tracker: DeliveryTracker) -> None:
    broadcast(tracker, 1_500, 10, 30)
    tracker.begin("storm 1")
    broadcast(tracker, 2_000, 20)

    first, second = list_moments(tracker.broadcasts, 1_000 * MILLISECOND)

    assert (first["phase"], first["at"], first["p99"], first["max"]) == ("run", 0.5, 30.0, 30.0)
    assert first["p50"] == pytest.approx(10, rel=1 / 128)
    assert (second["phase"], second["at"], second["max"]) == ("storm 1", 1.0, 20.0)


def test_a_broadcast_is_left_out_when_nobody_received_it(tracker: DeliveryTracker) -> None:
    broadcast(tracker, 0)

    assert list_moments(tracker.broadcasts, 0) == []


def test_neighbours_of_a_phase_are_one_moment_when_there_are_many(tracker: DeliveryTracker) -> None:
    for at in range(MOST_MOMENTS):
        broadcast(tracker, at, at)
    tracker.begin("storm 1")
    broadcast(tracker, 900, 1)

    moments = list_moments(tracker.broadcasts, 0)

    assert len(moments) == MOST_MOMENTS // 2 + 1
    assert [moment["max"] for moment in moments[-3:]] == [237.0, 239.0, 1.0]
    assert [moment["phase"] for moment in moments[-2:]] == ["run", "storm 1"]


def test_the_distribution_counts_everything_when_some_are_alike(tracker: DeliveryTracker) -> None:
    broadcast(tracker, 0, 5, 5)
    broadcast(tracker, 10, 100)

    (low, twice), (high, once) = list_latencies(tracker.counts.latency)

    assert (twice, once, high) == (2, 1, 100.0)
    assert low == pytest.approx(5, rel=1 / 128)
