"""One frame to many connections: bounded, in time, and every recipient for itself."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Protocol

from .errors import FanOutError
from .gateway import Failed, Gateway, Gone, Outcome, Sent, Slow, TooLarge

GRACE = 1.0
"""Seconds after the deadline for posts under way. What is still open then is left to whoever resumes."""

SETTLING = 10_000
"""Milliseconds in which a connection may be `Gone` because its handshake is not complete (F06)."""

_GONE_PAUSE = 1.0
_RETRY_PAUSE = 0.2
# The system's: a generator of our own would be the same one in every sandbox restored from a snapshot.
_RANDOM = SystemRandom()
_UNPOSTED = Failed("Unposted", retry=True)


class Recipient(Protocol):
    """Whom a frame goes to. A stream resumed with `cursor` yields everybody after this one."""

    @property
    def connection_id(self) -> str:
        """Where to post."""
        ...

    @property
    def connected_at(self) -> int:
        """When it connected, in epoch milliseconds."""
        ...

    @property
    def cursor(self) -> str:
        """Its place in the stream."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the recipients up to `cursor`: each is in exactly one of the counts.

    `recipients` = `sent` + `too_large` + the lengths of `gone`, `slow` and `failed`, which hold connection
    ids. `gone` are those to prune. `failed` keep their rows: `reasons` counts what went wrong, and those
    that may still be in their handshake are among them. `cursor` is None when everybody had their turn, or
    when nobody had one yet and the stream began at its beginning: `complete` tells these apart.
    """

    recipients: int = 0
    sent: int = 0
    gone: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    too_large: int = 0
    failed: tuple[str, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    cursor: str | None = None
    complete: bool = True


async def fan_out(
    gateway: Gateway,
    frame: bytes,
    recipients: AsyncIterable[Recipient],
    *,
    now: int,
    time_left: Callable[[], float],
    concurrency: int = 64,
    start: str | None = None,
    jitter: Callable[[], float] = _RANDOM.random,
) -> Report:
    """Post `frame` to every recipient, at least once, `concurrency` at a time.

    One recipient's outcome changes nothing for another, an exception from the gateway included (F15). What
    may work next time is tried once more after a pause of `jitter()` (0 to 1) times 0.2 s; a `Gone` on a
    connection younger than 10 s at `now` (epoch milliseconds) after 1 s, and it is never pruned (F06).

    When `time_left()`, in seconds, runs out, no further recipient is taken, posts under way get `GRACE`
    seconds, and the report ends where the first unfinished recipient is. Those finished beyond it are not
    in the report: they get the frame again from whoever resumes at its cursor. `start` is the cursor
    `recipients` was resumed from: it is the report's when nobody's turn came.

    `recipients` is read at most 2 x `concurrency` ahead, by one task, and closed. When reading it fails, what
    was read is still posted, then FanOutError is raised with the report.
    """
    broadcast = _Broadcast(gateway, frame, recipients, _Tally(now, start), time_left, concurrency, jitter)
    return await broadcast.run()


@dataclass(slots=True)
class _Turn:
    recipient: Recipient
    outcome: Outcome = _UNPOSTED
    over: bool = False


class _Tally:
    """Counts the turns in the order of the stream, up to the first that is not over."""

    def __init__(self, now: int, start: str | None) -> None:
        self._now = now
        self._start = start
        self._turns: deque[_Turn] = deque()
        self._last: Recipient | None = None
        self._counts: Counter[type[Outcome]] = Counter()
        self._ids: dict[type[Outcome], list[str]] = {Gone: [], Slow: [], Failed: []}
        self._reasons: Counter[str] = Counter()

    def is_settling(self, recipient: Recipient) -> bool:
        return self._now - recipient.connected_at < SETTLING

    def begin(self, recipient: Recipient) -> _Turn:
        turn = _Turn(recipient)
        self._turns.append(turn)
        return turn

    def end(self, turn: _Turn) -> None:
        turn.over = True
        while self._turns and self._turns[0].over:
            self._count(self._turns.popleft())

    def report(self, *, exhausted: bool) -> Report:
        # A retry that was cut off leaves the outcome of the first try, which is as good as any.
        while self._turns and self._turns[0].outcome is not _UNPOSTED:
            self._count(self._turns.popleft())
        complete = exhausted and not self._turns
        reached = self._start if self._last is None else self._last.cursor
        return Report(
            recipients=self._counts.total(),
            sent=self._counts[Sent],
            gone=tuple(self._ids[Gone]),
            slow=tuple(self._ids[Slow]),
            too_large=self._counts[TooLarge],
            failed=tuple(self._ids[Failed]),
            reasons=dict(self._reasons),
            cursor=None if complete else reached,
            complete=complete,
        )

    def _count(self, turn: _Turn) -> None:
        outcome = turn.outcome
        if isinstance(outcome, Gone) and self.is_settling(turn.recipient):
            outcome = Failed("HandshakePending", retry=True)
        if isinstance(outcome, Failed):
            self._reasons[outcome.reason] += 1
        ids = self._ids.get(type(outcome))
        if ids is not None:
            ids.append(turn.recipient.connection_id)
        self._counts[type(outcome)] += 1
        self._last = turn.recipient


class _Broadcast:
    """One reader, and as many workers as there is work for, up to `concurrency`."""

    def __init__(
        self,
        gateway: Gateway,
        frame: bytes,
        recipients: AsyncIterable[Recipient],
        tally: _Tally,
        time_left: Callable[[], float],
        concurrency: int,
        jitter: Callable[[], float],
    ) -> None:
        self._gateway = gateway
        self._frame = frame
        self._recipients = recipients
        self._tally = tally
        self._time_left = time_left
        self._concurrency = concurrency
        self._jitter = jitter
        self._ahead: deque[_Turn] = deque()
        self._room = asyncio.Event()
        self._workers: set[asyncio.Task[None]] = set()
        self._at_work = 0
        self._stopping = False

    async def run(self) -> Report:
        reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait({reader}, timeout=self._seconds_left())
            reader.cancel()
            if self._workers:
                await asyncio.wait(self._workers, timeout=self._seconds_left() + GRACE)
        finally:
            await self._stop(reader)
        error = None if reader.cancelled() else reader.exception()
        report = self._tally.report(exhausted=not reader.cancelled() and error is None)
        if error is not None:
            raise FanOutError(report) from error
        return report

    async def _stop(self, reader: asyncio.Task[None]) -> None:
        self._stopping = True
        tasks = [reader, *self._workers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _seconds_left(self) -> float:
        return max(0.0, self._time_left())

    async def _read(self) -> None:
        stream = aiter(self._recipients)
        try:
            async for recipient in stream:
                self._ahead.append(self._tally.begin(recipient))
                if self._at_work < self._concurrency:
                    self._hire()
                elif len(self._ahead) >= 2 * self._concurrency:
                    self._room.clear()
                    await self._room.wait()
        finally:
            aclose = getattr(stream, "aclose", None)
            if aclose is not None:
                await aclose()

    def _hire(self) -> None:
        self._at_work += 1
        worker = asyncio.create_task(self._work())
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        while self._ahead and self._time_left() > 0:
            turn = self._ahead.popleft()
            if len(self._ahead) == self._concurrency:
                self._room.set()
            turn.outcome = await self._post(turn.recipient)
            pause = self._second_try(turn)
            if pause is not None:
                await asyncio.sleep(pause)
                turn.outcome = await self._post(turn.recipient)
            self._tally.end(turn)
        self._at_work -= 1

    def _second_try(self, turn: _Turn) -> float | None:
        match turn.outcome:
            case Gone() if self._tally.is_settling(turn.recipient):
                return min(_GONE_PAUSE, self._seconds_left())
            case Failed(retry=True):
                pause = self._jitter() * _RETRY_PAUSE
                return pause if pause < self._time_left() else None
        return None

    async def _post(self, recipient: Recipient) -> Outcome:
        try:
            return await self._gateway.post(recipient.connection_id, self._frame)
        except (Exception, asyncio.CancelledError) as error:
            # Whatever happens to one recipient stays with it (F15), a cancellation that is not ours included.
            if self._stopping:
                raise
            return Failed(type(error).__name__, retry=False)
