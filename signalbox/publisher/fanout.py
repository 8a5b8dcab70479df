"""One frame to many connections: bounded, in time, and every recipient for itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable, Coroutine
from contextlib import suppress
from random import SystemRandom

from .budget import SendBudget
from .gateway import Gateway
from .outcomes import Failed, FanOutError, Gone, Outcome, Recipient, Report, Slow
from .tally import Tally, Turn

GRACE = 1.0
"""Seconds after the deadline for posts under way. What is still open then is left to whoever resumes."""

REFUSALS = 4
"""How often in a row a recipient is refused, while others are served, before it counts as slow (F17)."""

_GONE_PAUSE = 1.0
_RETRY_PAUSE = 0.2
_REFUSED_PAUSE = 1.0
_THROTTLED_PAUSE = 2.0
# The system's: a generator of our own would be the same one in every sandbox restored from a snapshot.
_RANDOM = SystemRandom()


async def fan_out(
    gateway: Gateway,
    frame: bytes,
    recipients: AsyncIterable[Recipient],
    *,
    now: int,
    time_left: Callable[[], float],
    budget: SendBudget | None = None,
    concurrency: int = 64,
    start: str | None = None,
    jitter: Callable[[], float] = _RANDOM.random,
) -> Report:
    """Post `frame` to every recipient, at least once, `concurrency` at a time and in the pace of `budget`.

    One recipient's outcome changes nothing for another, an exception from the gateway included (F15). Who is
    tried again holds up nobody meanwhile: what may work next time once, after `jitter()` (0 to 1) times
    0.2 s; a `Gone` on a connection younger than 10 s at `now` (epoch milliseconds) once, after 1 s, and it is
    never pruned (F06); a `Slow` three times, after `jitter()` times 1, 2 and 3 s. When so many are refused
    that it must be the account, the pace is halved, and they are tried until served or time is out (F17).

    When `time_left()`, in seconds, runs out, no further recipient is taken, posts under way get `GRACE`
    seconds, and the report ends where the first unfinished recipient is. Those finished beyond it are not
    in the report: they get the frame again from whoever resumes at its cursor. `start` is the cursor
    `recipients` was resumed from: it is the report's when nobody's turn came.

    `recipients` is read at most 2 x `concurrency` ahead, by one task, and closed. When reading it fails, what
    was read is still posted, then FanOutError is raised with the report.
    """
    tally, pace = Tally(now, start), budget or SendBudget()
    broadcast = _Broadcast(gateway, frame, recipients, tally, time_left, pace, concurrency, jitter)
    return await broadcast.run()


class _Broadcast:
    """One reader, and as many workers as there is work for, up to `concurrency`."""

    def __init__(
        self,
        gateway: Gateway,
        frame: bytes,
        recipients: AsyncIterable[Recipient],
        tally: Tally,
        time_left: Callable[[], float],
        budget: SendBudget,
        concurrency: int,
        jitter: Callable[[], float],
    ) -> None:
        self._gateway = gateway
        self._frame = frame
        self._recipients = recipients
        self._tally = tally
        self._time_left = time_left
        self._budget = budget
        self._concurrency = concurrency
        self._jitter = jitter
        self._ahead: deque[Turn] = deque()
        self._room = asyncio.Event()
        self._line = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work = 0
        self._stopping = False

    async def run(self) -> Report:
        reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait({reader}, timeout=self._seconds_left())
            reader.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_left() + GRACE):
                    while self._tasks:
                        await asyncio.wait(self._tasks)
        finally:
            await self._stop(reader)
        error = None if reader.cancelled() else reader.exception()
        report = self._tally.report(exhausted=not reader.cancelled() and error is None)
        if error is not None:
            raise FanOutError(report) from error
        return report

    async def _stop(self, reader: asyncio.Task[None]) -> None:
        self._stopping = True
        tasks = [reader, *self._tasks]
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
                    self._at_work += 1
                    self._start(self._work())
                elif len(self._ahead) >= 2 * self._concurrency:
                    self._room.clear()
                    await self._room.wait()
        finally:
            aclose = getattr(stream, "aclose", None)
            if aclose is not None:
                await aclose()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        while self._ahead and self._time_left() > 0:
            turn = self._ahead.popleft()
            if len(self._ahead) <= self._concurrency:
                self._room.set()
            if not await self._is_admitted():
                break
            self._tally.note(turn, await self._post(turn.recipient))
            pause = self._until_next_try(turn)
            if pause is None:
                self._tally.end(turn)
            elif pause < self._time_left():
                self._start(self._try_again(turn, pause))
        self._at_work -= 1

    async def _is_admitted(self) -> bool:
        # One waits for its place, the others behind it: nobody holds a place far ahead of a changing pace.
        async with self._line:
            wait = self._budget.reserve()
            if wait > 0:
                await asyncio.sleep(min(wait, self._seconds_left()))
        return self._time_left() > 0

    async def _try_again(self, turn: Turn, pause: float) -> None:
        await asyncio.sleep(pause)
        self._ahead.appendleft(turn)
        if self._at_work < self._concurrency:
            self._at_work += 1
            await self._work()

    def _until_next_try(self, turn: Turn) -> float | None:
        """The seconds to wait for it; None when the outcome stands."""
        match turn.outcome:
            case Gone() if self._tally.is_settling(turn.recipient) and turn.tries == 1:
                return min(_GONE_PAUSE, self._time_left() / 2)
            case Failed(retry=True) if turn.tries == 1:
                return self._jitter() * _RETRY_PAUSE
            case Slow() if self._tally.throttled:
                self._budget.back_off()
                turn.refusals = 0
                return self._jitter() * _THROTTLED_PAUSE
            case Slow() if turn.refusals < REFUSALS:
                return self._jitter() * _REFUSED_PAUSE * turn.refusals
        return None

    async def _post(self, recipient: Recipient) -> Outcome:
        try:
            return await self._gateway.post(recipient.connection_id, self._frame)
        except (Exception, asyncio.CancelledError) as error:
            # Whatever happens to one recipient stays with it (F15), a cancellation that is not ours included.
            if self._stopping:
                raise
            return Failed(type(error).__name__, retry=False)
