import pytest

from signalbox.load_test.ledger import Ledger

SECOND = 1_000_000_000


@pytest.fixture
def ledger() -> Ledger:
    """Three connections, 20 bytes, 2 seconds."""
    ledger = Ledger("0a1b2c3d", connections=3, payload=20, timeout=2.0)
    ledger.begin("run")
    return ledger


def send(ledger: Ledger, receivers: list[int], now: int = 0) -> bytes:
    """Announce the next broadcast; the frame in which it comes."""
    data = ledger.compose()
    ledger.announce(data, receivers, now)
    return b'{"type":"message","data":"%s"}' % data.encode()


def test_an_id_is_in_the_payload_when_it_is_composed(ledger: Ledger) -> None:
    assert ledger.compose() == "0a1b2c3d:0000000:..."
    send(ledger, [0])
    assert ledger.compose() == "0a1b2c3d:0000001:..."


def test_nothing_is_lost_when_each_has_each_once(ledger: Ledger) -> None:
    first, second = send(ledger, [0, 1, 2]), send(ledger, [0, 1, 2])
    for index in (2, 0, 1):
        assert ledger.receive(index, second, 5_000_000)  # out of order is no loss
        assert ledger.receive(index, first, 7_000_000)

    tally = ledger.tally
    assert (tally.expected, tally.received, tally.lost, tally.duplicates, tally.outstanding) == (
        6,
        6,
        0,
        0,
        0,
    )
    assert ledger.complete.is_set()
    assert (tally.latency.count, tally.latency.largest) == (6, 7_000)


def test_a_second_copy_is_a_duplicate_when_another_connection_has_none(ledger: Ledger) -> None:
    frame = send(ledger, [0, 1])
    for _ in range(3):
        ledger.receive(0, frame, 1)
    ledger.tally.settled = True

    assert (ledger.tally.received, ledger.tally.duplicates, ledger.tally.lost) == (1, 2, 1)
    assert not ledger.complete.is_set()
    assert ledger.tally.latency.count == 1


def test_what_is_on_its_way_is_not_lost_when_it_may_still_come(ledger: Ledger) -> None:
    ledger.receive(0, send(ledger, [0, 1]), 1)

    assert (ledger.tally.lost, ledger.tally.outstanding) == (0, 1)


def test_a_delivery_is_late_and_lost_when_it_comes_after_the_timeout(ledger: Ledger) -> None:
    frame = send(ledger, [0, 1], now=SECOND)
    ledger.receive(0, frame, 3 * SECOND)
    ledger.receive(1, frame, 3 * SECOND + 1)

    assert (ledger.tally.received, ledger.tally.late, ledger.tally.lost) == (1, 1, 1)
    assert ledger.complete.is_set()
    assert ledger.tally.latency.largest == 2_000_000


def test_a_late_delivery_belongs_to_its_own_phase_when_another_has_begun(ledger: Ledger) -> None:
    first, frame = ledger.tally, send(ledger, [0])
    first.settled = True
    second = ledger.begin("storm 1")
    send(ledger, [0])
    ledger.receive(0, frame, 3 * SECOND)

    assert (first.late, first.lost, second.late, second.lost, second.outstanding) == (1, 1, 0, 0, 1)
    assert not ledger.complete.is_set()


def test_a_delivery_is_lost_at_once_when_its_connection_is_gone(ledger: Ledger) -> None:
    frame = send(ledger, [0, 1])
    ledger.receive(0, frame, 1)
    ledger.abandon(0)  # it has what it should have
    assert ledger.tally.lost == 0
    ledger.abandon(1)

    assert (ledger.tally.lost, ledger.tally.received) == (1, 1)
    assert ledger.complete.is_set()


def test_a_copy_is_nothing_when_its_connection_came_later(ledger: Ledger) -> None:
    ledger.receive(2, send(ledger, [0]), 1)

    assert (ledger.tally.received, ledger.tally.duplicates, ledger.tally.outstanding) == (0, 0, 1)


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
def test_a_frame_is_not_counted_when_it_is_no_broadcast_of_this_run(ledger: Ledger, frame: bytes) -> None:
    send(ledger, [0])

    assert not ledger.receive(0, frame, 1)
    assert ledger.tally.received == 0


def test_phases_are_added_when_there_are_several(ledger: Ledger) -> None:
    first, frame = ledger.tally, send(ledger, [0, 1])
    first.connections, first.opened, first.opening_seconds = 2, 2, 1.0
    ledger.receive(0, frame, 4_000_000)
    first.settled = True
    second, frame = ledger.begin("storm 1"), send(ledger, [0, 1, 2])
    second.connections, second.opened, second.opening_seconds = 3, 1, 0.5
    ledger.receive(0, frame, 9_000_000)

    total = ledger.begin("total")
    total.add(first)
    total.add(second)

    assert (total.connections, total.opened, total.opening_seconds, total.broadcasts) == (3, 3, 1.5, 2)
    assert (total.expected, total.received, total.lost, total.outstanding) == (5, 2, 1, 2)
    assert (total.latency.count, total.latency.largest) == (2, 9_000)
