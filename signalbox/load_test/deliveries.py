"""Tracks for each broadcast which connections have received it."""

import asyncio
from dataclasses import dataclass, field

from .report.histogram import Histogram

MIN_PAYLOAD = 17
"""Bytes of the id in the data of a broadcast: the smallest payload."""

_ABSENT, _EXPECTED, _RECEIVED = 0, 1, 2


@dataclass(slots=True)
class PhaseCounts:
    """The deliveries of one phase.

    Latencies are microseconds from sending to receiving. `began_at` is nanoseconds of the monotonic clock.
    """

    phase: str
    began_at: int = 0
    connections: int = 0
    opened: int = 0
    opening_seconds: float = 0.0
    broadcasts: int = 0
    expected: int = 0
    received: int = 0
    duplicates: int = 0
    late: int = 0
    outstanding: int = 0
    settled: bool = False
    latency: Histogram = field(default_factory=Histogram)

    @property
    def lost(self) -> int:
        """Deliveries that did not come in time. During the phase only those that can no longer come."""
        return self.expected - self.received - (0 if self.settled else self.outstanding)

    def add(self, other: "PhaseCounts") -> None:
        """Add the counts of another phase."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.connections = other.connections
        self.outstanding += 0 if other.settled else other.outstanding
        self.latency.merge(other.latency)


_COUNTS = ("opened", "opening_seconds", "broadcasts", "expected", "received", "duplicates", "late")


@dataclass(slots=True)
class Broadcast:
    """One broadcast: its text, the time it was sent, and a mark for each connection."""

    text: bytes
    sent_at: int
    counts: PhaseCounts
    marks: bytearray
    latency: Histogram = field(default_factory=Histogram)


class DeliveryTracker:
    """Recognises each delivery by the id in its data. Needs one byte per broadcast and connection.

    The `data` of a broadcast is `{run}:{number}:` and dots up to `payload` bytes. Times are nanoseconds of
    the monotonic clock. A delivery after `timeout` seconds is late and counts as lost.
    """

    def __init__(self, run: str, connections: int, payload: int, timeout: float) -> None:
        self._marker = f"{run}:".encode()
        self._connections = connections
        self._payload = payload
        self._timeout = round(timeout * 1e9)
        self.broadcasts: list[Broadcast] = []
        self.counts = PhaseCounts("")
        self.complete = asyncio.Event()

    def begin(self, phase: str) -> PhaseCounts:
        """Begin a phase and return its counts."""
        self.counts = PhaseCounts(phase)
        return self.counts

    def compose(self) -> str:
        """Return the `data` of the next broadcast."""
        head = f"{self._marker.decode()}{len(self.broadcasts):07}:"
        return head.ljust(self._payload, ".")

    def expect(self, data: str, receivers: list[int], now: int) -> int:
        """Expect `data`, sent `now`, at the connections with these indexes. Returns its number."""
        marks = bytearray(self._connections)
        for index in receivers:
            marks[index] = _EXPECTED
        self.broadcasts.append(Broadcast(data.encode(), now, self.counts, marks))
        self.counts.broadcasts += 1
        self.counts.expected += len(receivers)
        self.counts.outstanding += len(receivers)
        self.complete.clear()
        return len(self.broadcasts) - 1

    def receive(self, index: int, frame: bytes, now: int) -> bool:
        """Note a frame of connection `index`. Returns False if it is not a broadcast of this run."""
        start = frame.find(self._marker)
        if start < 0:
            return False
        try:
            broadcast = self.broadcasts[int(frame[start + len(self._marker) :][:7])]
        except (ValueError, IndexError):
            return False
        if not frame.startswith(broadcast.text, start):
            return False
        self._note(broadcast, index, now - broadcast.sent_at)
        return True

    def forget_connection(self, index: int) -> None:
        """Connection `index` has ended: its outstanding deliveries are lost."""
        for broadcast in self.broadcasts:
            if broadcast.marks[index] == _EXPECTED:
                broadcast.marks[index] = _ABSENT
                self._decide_one(broadcast.counts)

    def _note(self, broadcast: Broadcast, index: int, latency: int) -> None:
        counts, mark = broadcast.counts, broadcast.marks[index]
        broadcast.marks[index] = _RECEIVED
        if mark == _RECEIVED:
            counts.duplicates += 1
        elif mark == _EXPECTED:
            counts.latency.record(latency // 1000)
            broadcast.latency.record(latency // 1000)
            if latency > self._timeout:
                counts.late += 1
            else:
                counts.received += 1
            self._decide_one(counts)

    def _decide_one(self, counts: PhaseCounts) -> None:
        counts.outstanding -= 1
        if not counts.outstanding and counts is self.counts:
            self.complete.set()
