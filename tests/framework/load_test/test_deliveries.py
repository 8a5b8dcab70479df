import pytest

from signalbox.load_test.deliveries import DeliveryTracker

SECOND = 1_000_000_000


@pytest.fixture
def tracker() -> DeliveryTracker:
    """Three connections, 20 bytes, 2 seconds."""
    tracker = DeliveryTracker("0a1b2c3d", connections=3, payload=20, timeout=2.0)
    tracker.begin("run")
    return tracker


def send(tracker: DeliveryTracker, receivers: list[int], now: int = 0) -> bytes:
    """Announce the next broadcast; the frame in which it comes."""
    data = tracker.compose()
    tracker.expect(data, receivers, now)
    return b'{"type":"message","data":"%s"}' % data.encode()


def test_an_id_is_in_the_payload_when_it_is_composed(tracker: DeliveryTracker) -> None:
    assert tracker.compose() == "0a1b2c3d:0000000:..."
    send(tracker, [0])
    assert tracker.compose() == "0a1b2c3d:0000001:..."


def test_nothing_is_lost_when_each_has_each_once(tracker: DeliveryTracker) -> None:
    first, second = send(tracker, [0, 1, 2]), send(tracker, [0, 1, 2])
    for index in (2, 0, 1):
        assert tracker.receive(index, second, 5_000_000)  # out of order is no loss
        assert tracker.receive(index, first, 7_000_000)

    counts = tracker.counts
    assert (counts.expected, counts.received, counts.lost, counts.duplicates, counts.outstanding) == (
        6,
        6,
        0,
        0,
        0,
    )
    assert tracker.complete.is_set()
    assert (counts.latency.count, counts.latency.largest) == (6, 7_000)


def test_a_second_copy_is_a_duplicate_when_another_connection_has_none(tracker: DeliveryTracker) -> None:
    frame = send(tracker, [0, 1])
    for _ in range(3):
        tracker.receive(0, frame, 1)
    tracker.counts.settled = True

    assert (tracker.counts.received, tracker.counts.duplicates, tracker.counts.lost) == (1, 2, 1)
    assert not tracker.complete.is_set()
    assert tracker.counts.latency.count == 1


def test_what_is_on_its_way_is_not_lost_when_it_may_still_come(tracker: DeliveryTracker) -> None:
    tracker.receive(0, send(tracker, [0, 1]), 1)

    assert (tracker.counts.lost, tracker.counts.outstanding) == (0, 1)


def test_a_delivery_is_late_and_lost_when_it_comes_after_the_timeout(tracker: DeliveryTracker) -> None:
    frame = send(tracker, [0, 1], now=SECOND)
    tracker.receive(0, frame, 3 * SECOND)
    tracker.receive(1, frame, 3 * SECOND + 1)

    assert (tracker.counts.received, tracker.counts.late, tracker.counts.lost) == (1, 1, 1)
    assert tracker.complete.is_set()
    assert tracker.counts.latency.largest == 2_000_000


def test_a_late_delivery_belongs_to_its_own_phase_when_another_has_begun(tracker: DeliveryTracker) -> None:
    first, frame = tracker.counts, send(tracker, [0])
    first.settled = True
    second = tracker.begin("storm 1")
    send(tracker, [0])
    tracker.receive(0, frame, 3 * SECOND)

    assert (first.late, first.lost, second.late, second.lost, second.outstanding) == (1, 1, 0, 0, 1)
    assert not tracker.complete.is_set()


def test_a_delivery_is_lost_at_once_when_its_connection_is_gone(tracker: DeliveryTracker) -> None:
    frame = send(tracker, [0, 1])
    tracker.receive(0, frame, 1)
    tracker.forget_connection(0)  # it has what it should have
    assert tracker.counts.lost == 0
    tracker.forget_connection(1)

    assert (tracker.counts.lost, tracker.counts.received) == (1, 1)
    assert tracker.complete.is_set()


def test_a_copy_is_nothing_when_its_connection_came_later(tracker: DeliveryTracker) -> None:
    tracker.receive(2, send(tracker, [0]), 1)

    assert (tracker.counts.received, tracker.counts.duplicates, tracker.counts.outstanding) == (0, 0, 1)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b'{"type":"message","data":"hello"}',
        b"ffffffff:0000000:...",  # another run
        b"0a1b2c3d:0000000:..",  # cut short
        b"0a1b2c3d:0000001:...",  # never sent
        b"0a1b2c3d:-000001:...",
        b"0a1b2c3d:00",
        b"0a1b2c3d:",
        b"0a1b2c3d:abcdefg:...",
    ],
)
def test_a_frame_is_not_counted_when_it_is_no_broadcast_of_this_run(
    tracker: DeliveryTracker, frame: bytes
) -> None:
    send(tracker, [0])

    assert not tracker.receive(0, frame, 1)
    assert tracker.counts.received == 0


def test_phases_are_added_when_there_are_several(tracker: DeliveryTracker) -> None:
    first, frame = tracker.counts, send(tracker, [0, 1])
    first.connections, first.opened, first.opening_seconds = 2, 2, 1.0
    tracker.receive(0, frame, 4_000_000)
    first.settled = True
    second, frame = tracker.begin("storm 1"), send(tracker, [0, 1, 2])
    second.connections, second.opened, second.opening_seconds = 3, 1, 0.5
    tracker.receive(0, frame, 9_000_000)

    total = tracker.begin("total")
    total.add(first)
    total.add(second)

    assert (total.connections, total.opened, total.opening_seconds, total.broadcasts) == (3, 3, 1.5, 2)
    assert (total.expected, total.received, total.lost, total.outstanding) == (5, 2, 1, 2)
    assert (total.latency.count, total.latency.largest) == (2, 9_000)
