"""Who was to receive what, and who has."""

import asyncio
from dataclasses import dataclass, field

from .report.histogram import Histogram

_ABSENT, _EXPECTED, _RECEIVED = 0, 1, 2


@dataclass(slots=True)
class Tally:
    """The deliveries of one phase; latencies are microseconds from sending to receiving.

    `began_at` is nanoseconds of the monotonic clock.
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
        """Deliveries that did not come in time; while the phase lasts, those that no longer can."""
        return self.expected - self.received - (0 if self.settled else self.outstanding)

    def add(self, other: "Tally") -> None:
        """Count what `other` counted as well."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.connections = other.connections
        self.outstanding += 0 if other.settled else other.outstanding
        self.latency.merge(other.latency)


_COUNTS = ("opened", "opening_seconds", "broadcasts", "expected", "received", "duplicates", "late")


@dataclass(slots=True)
class Broadcast:
    """One broadcast: what is looked for, when it was sent, and to whom."""

    text: bytes
    sent_at: int
    tally: Tally
    marks: bytearray
    latency: Histogram = field(default_factory=Histogram)


class Ledger:
    """Checks each delivery by the id in it, in one byte a broadcast and connection.

    A broadcast's `data` is `{run}:{number}:` and dots up to `payload` bytes. Instants are nanoseconds of the
    monotonic clock. A delivery later than `timeout` seconds is late, and lost.
    """

    HEAD = 17
    """Bytes of the id: the smallest payload."""

    def __init__(self, run: str, connections: int, payload: int, timeout: float) -> None:
        self._marker = f"{run}:".encode()
        self._connections = connections
        self._payload = payload
        self._timeout = round(timeout * 1e9)
        self.broadcasts: list[Broadcast] = []
        self.tally = Tally("")
        self.complete = asyncio.Event()

    def begin(self, phase: str) -> Tally:
        """Count what is sent from now on under `phase`."""
        self.tally = Tally(phase)
        return self.tally

    def compose(self) -> str:
        """The `data` of the next broadcast."""
        head = f"{self._marker.decode()}{len(self.broadcasts):07}:"
        return head.ljust(self._payload, ".")

    def announce(self, data: str, receivers: list[int], now: int) -> int:
        """Expect `data`, which is sent `now`, at the connections with these indexes; its number."""
        marks = bytearray(self._connections)
        for index in receivers:
            marks[index] = _EXPECTED
        self.broadcasts.append(Broadcast(data.encode(), now, self.tally, marks))
        self.tally.broadcasts += 1
        self.tally.expected += len(receivers)
        self.tally.outstanding += len(receivers)
        self.complete.clear()
        return len(self.broadcasts) - 1

    def receive(self, index: int, frame: bytes, now: int) -> bool:
        """Note that connection `index` has received `frame`; False when that is no broadcast of this run."""
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

    def abandon(self, index: int) -> None:
        """Connection `index` is gone: what it has not received it never will."""
        for broadcast in self.broadcasts:
            if broadcast.marks[index] == _EXPECTED:
                broadcast.marks[index] = _ABSENT
                self._settle_one(broadcast.tally)

    def _note(self, broadcast: Broadcast, index: int, latency: int) -> None:
        tally, mark = broadcast.tally, broadcast.marks[index]
        broadcast.marks[index] = _RECEIVED
        if mark == _RECEIVED:
            tally.duplicates += 1
        elif mark == _EXPECTED:
            tally.latency.record(latency // 1000)
            broadcast.latency.record(latency // 1000)
            if latency > self._timeout:
                tally.late += 1
            else:
                tally.received += 1
            self._settle_one(tally)

    def _settle_one(self, tally: Tally) -> None:
        tally.outstanding -= 1
        if not tally.outstanding and tally is self.tally:
            self.complete.set()
