"""A run: opens connections, broadcasts and counts deliveries, phase by phase."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from time import perf_counter, perf_counter_ns

from .deliveries import Broadcast, DeliveryTracker, PhaseCounts
from .errors import OpeningError, RefusedError
from .plan import Phase, Plan
from .sockets.connection import Connection
from .sockets.dialer import Dialer

AT_ONCE = 200
"""Handshakes under way at a time, also in a storm. More would wait in the system's own queue."""
LEAVE_TIMEOUT = 5.0
"""Seconds in which the server may answer the closing of all connections."""

_KINDS = 20


class LoadTest:
    """One run of `plan`. Its counts can be read at any time. Cancel it to end it early."""

    def __init__(self, plan: Plan, dialer: Dialer, run: str) -> None:
        self.plan = plan
        self.phase_counts: list[PhaseCounts] = []
        self.opening = 0
        """Connections of this phase that are not open yet."""
        self.unsent = 0
        """Broadcasts of this phase that are not sent yet."""
        self.problems: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Counts of problems by kind: `refused`, `unreachable`, `closed`, `error_frames` and `unsent`."""
        self.slow_frames = 0
        self.slow_closed: Counter[str] = Counter()
        self._dialer = dialer
        self._tracker = DeliveryTracker(run, plan.connections, plan.payload, plan.timeout)
        self._connections: dict[int, Connection] = {}
        self._sender = 0

    @property
    def broadcasts(self) -> Sequence[Broadcast]:
        """Every broadcast so far, in order."""
        return self._tracker.broadcasts

    @property
    def open_connections(self) -> int:
        """The number of open connections, slow readers included."""
        return len(self._connections)

    async def run(self) -> None:
        """Run every phase, then close. Raises UnreachableError when the first connection is not answered."""
        await self._dialer.resolve()
        try:
            for phase in self.plan.phases():
                await self._run_phase(phase)
        finally:
            await self._leave()

    def receive(self, index: int, payload: bytes, now: int) -> None:
        """Count a message that came to connection `index`."""
        if index >= self.plan.connections:
            self.slow_frames += 1
        elif not self._tracker.receive(index, payload, now):
            self._read_other(payload)

    def lose(self, index: int, code: int) -> None:
        """Count connection `index` as ended by the server or the network."""
        self._connections.pop(index, None)
        if index >= self.plan.connections:
            self.slow_closed[str(code)] += 1
        else:
            self.problems["closed"][str(code)] += 1
            self._tracker.forget_connection(index)

    async def _run_phase(self, phase: Phase) -> None:
        counts = self._tracker.begin(phase.name)
        counts.began_at = perf_counter_ns()
        self.phase_counts.append(counts)
        if phase.storm:
            self._cut()
        await self._open(phase, counts)
        await self._broadcast(phase.broadcasts)
        if counts.outstanding:
            try:
                async with asyncio.timeout(self.plan.timeout):
                    await self._tracker.complete.wait()
            except TimeoutError:
                pass
        counts.settled = True

    def _cut(self) -> None:
        for connection in self._connections.values():
            connection.cut()
        self._connections.clear()

    async def _open(self, phase: Phase, counts: PhaseCounts) -> None:
        slow = range(self.plan.connections, self.plan.connections + self.plan.slow)
        missing = [index for index in (*range(phase.connections), *slow) if index not in self._connections]
        self.opening = len(missing)
        started, before = perf_counter(), len(self._connections)
        try:
            if len(self.phase_counts) == 1:
                await self._open_first(missing.pop(0))
            await self._open_all(missing, 0 if phase.storm else 1 / self.plan.rate)
        finally:
            counts.opening_seconds = perf_counter() - started
            counts.opened = len(self._connections) - before
            counts.connections = sum(index < self.plan.connections for index in self._connections)

    async def _open_first(self, index: int) -> None:
        try:
            await self._connect(index)
        except RefusedError as error:
            self._count("refused", str(error.status))

    async def _open_all(self, indexes: Sequence[int], interval: float) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def open_one(index: int) -> None:
            try:
                await self._connect(index)
            except RefusedError as error:
                self._count("refused", str(error.status))
            except OpeningError as error:
                self._count("unreachable", str(error))
            finally:
                gate.release()

        async with asyncio.TaskGroup() as tasks:
            async for index in _paced(indexes, interval):
                await gate.acquire()
                tasks.create_task(open_one(index))

    async def _connect(self, index: int) -> None:
        try:
            connection = await self._dialer.open(self, index, slow=index >= self.plan.connections)
        finally:
            self.opening -= 1
        if connection.is_open:
            self._connections[index] = connection

    async def _broadcast(self, count: int) -> None:
        self.unsent = count
        async for _ in _paced(range(count), self.plan.interval):
            sender = self._next_sender()
            if sender is None:
                self.problems["unsent"]["no connection left to broadcast from"] += self.unsent
                break
            self.unsent -= 1
            await self._send(sender)
        self.unsent = 0

    def _next_sender(self) -> Connection | None:
        for _ in range(self.plan.broadcasters):
            index, self._sender = self._sender, (self._sender + 1) % self.plan.broadcasters
            if index in self._connections:
                return self._connections[index]
        return next((one for index, one in self._connections.items() if index < self.plan.connections), None)

    async def _send(self, sender: Connection) -> None:
        try:
            async with asyncio.timeout(self.plan.timeout):
                await sender.writable()
        except TimeoutError:
            self._count("unsent", "the server reads nothing from the connection that broadcasts")
            return
        if not sender.is_open:
            self._count("unsent", "the connection that broadcasts was lost")
            return
        data = self._tracker.compose()
        receivers = [index for index in self._connections if index < self.plan.connections]
        number = self._tracker.expect(data, receivers, perf_counter_ns())
        sender.send(json.dumps({"action": "broadcast", "id": number, "data": data}).encode())

    def _read_other(self, payload: bytes) -> None:
        try:
            frame = json.loads(payload)
        except (ValueError, RecursionError):
            return
        if isinstance(frame, dict) and frame.get("type", "error") == "error":
            what = frame.get("code") or frame.get("message")  # API Gateway's own frames have no code
            self._count("error_frames", what if isinstance(what, str) else "other")

    def _count(self, kind: str, what: str) -> None:
        # A server may send any text, and another one each time.
        counter = self.problems[kind]
        known = what in counter or (len(counter) < _KINDS and len(what) <= 100 and what.isprintable())
        counter[what if known else "other"] += 1

    async def _leave(self) -> None:
        leaving = [connection.leave() for connection in self._connections.values()]
        try:
            if leaving:
                await asyncio.wait(leaving, timeout=LEAVE_TIMEOUT)
        finally:
            self._cut()


async def _paced(numbers: Sequence[int], interval: float) -> AsyncIterator[int]:
    # Each number has its own time, counted from the start. After a delay the next ones catch up.
    started = perf_counter()
    for place, number in enumerate(numbers):
        if (early := started + place * interval - perf_counter()) > 0:
            await asyncio.sleep(early)
        yield number
