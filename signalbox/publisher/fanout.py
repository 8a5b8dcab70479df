"""Fan-out of one frame to many connections, with bounded concurrency, a deadline and isolated failures."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable, Coroutine
from contextlib import suppress
from random import SystemRandom

from .budget import SendBudget
from .gateway import Gateway
from .outcome_counter import OutcomeCounter, RecipientState
from .outcomes import Failed, FanOutError, Gone, Outcome, Recipient, Report, Slow

GRACE = 1.0
"""Grace period after the deadline for posts under way, in seconds. Then they are cancelled."""

REFUSALS = 4
"""Refusals in a row after which a recipient counts as slow, while others are served (F17)."""

_GONE_PAUSE = 1.0
_RETRY_PAUSE = 0.2
_REFUSED_PAUSE = 1.0
_THROTTLED_PAUSE = 2.0
# A seeded generator would be the same one in every sandbox restored from a snapshot.
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
    """Post `frame` to every recipient, at least once, `concurrency` at a time, at the pace of `budget`.

    An outcome, or an exception of the gateway, concerns its own recipient only (F15). Retries do not delay
    other recipients. Their pauses have full jitter (`jitter()` is 0 to 1), with one exception:

    * A failure that may be temporary is retried once, within 0.2 s.
    * A `Slow` recipient is retried three times, within 1, 2 and 3 s. If so many are refused that the account
      must be throttled, the pace is halved. They are then retried until the deadline (F17).
    * A `Gone` connection younger than 10 s at `now` (epoch milliseconds) is retried once, after 1 s, because
      its handshake may be incomplete (F06). It is never pruned.

    The deadline is when `time_left()`, in seconds, reaches 0. No further recipient is taken then, and posts
    under way get `GRACE` seconds. The report ends before the first unfinished recipient. Later recipients get
    the frame again when the fan-out resumes at the report's cursor. `start` is the cursor at which this one
    resumed, and the report repeats it if no recipient was finished.

    One task reads `recipients`, at most 2 x `concurrency` ahead, and closes it. If reading fails, the frame
    is still posted to the recipients read so far. Then FanOutError is raised with the report.
    """
    counter, pace = OutcomeCounter(now, start), budget or SendBudget()
    broadcast = _FanOut(gateway, frame, recipients, counter, time_left, pace, concurrency, jitter)
    return await broadcast.run()


class _FanOut:
    """One reader, and as many workers as there is work for, up to `concurrency`."""

    def __init__(
        self,
        gateway: Gateway,
        frame: bytes,
        recipients: AsyncIterable[Recipient],
        counter: OutcomeCounter,
        time_left: Callable[[], float],
        budget: SendBudget,
        concurrency: int,
        jitter: Callable[[], float],
    ) -> None:
        self._gateway = gateway
        self._frame = frame
        self._recipients = recipients
        self._counter = counter
        self._time_left = time_left
        self._budget = budget
        self._concurrency = concurrency
        self._jitter = jitter
        self._pending: deque[RecipientState] = deque()
        self._has_room = asyncio.Event()
        self._admission = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker_count = 0
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
        report = self._counter.report(exhausted=not reader.cancelled() and error is None)
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
                self._pending.append(self._counter.add(recipient))
                if self._worker_count < self._concurrency:
                    self._worker_count += 1
                    self._start(self._work())
                elif len(self._pending) >= 2 * self._concurrency:
                    self._has_room.clear()
                    await self._has_room.wait()
        finally:
            aclose = getattr(stream, "aclose", None)
            if aclose is not None:
                await aclose()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        while self._pending and self._time_left() > 0:
            state = self._pending.popleft()
            if len(self._pending) <= self._concurrency:
                self._has_room.set()
            if not await self._is_admitted():
                break
            self._counter.record(state, await self._post(state.recipient))
            pause = self._retry_pause(state)
            if pause is None:
                self._counter.finish(state)
            elif pause < self._time_left():
                self._start(self._retry(state, pause))
        self._worker_count -= 1

    async def _is_admitted(self) -> bool:
        # One worker at a time waits for the budget, so that no reservation outlives a change of pace.
        async with self._admission:
            wait = self._budget.reserve()
            if wait > 0:
                await asyncio.sleep(min(wait, self._seconds_left()))
        return self._time_left() > 0

    async def _retry(self, state: RecipientState, pause: float) -> None:
        await asyncio.sleep(pause)
        self._pending.appendleft(state)
        if self._worker_count < self._concurrency:
            self._worker_count += 1
            await self._work()

    def _retry_pause(self, state: RecipientState) -> float | None:
        """Return the seconds until the next try, None if the outcome is final."""
        match state.outcome:
            case Gone() if self._counter.may_be_in_handshake(state.recipient) and state.tries == 1:
                return min(_GONE_PAUSE, self._time_left() / 2)
            case Failed(retry=True) if state.tries == 1:
                return self._jitter() * _RETRY_PAUSE
            case Slow() if self._counter.throttled:
                self._budget.back_off()
                state.refusals = 0
                return self._jitter() * _THROTTLED_PAUSE
            case Slow() if state.refusals < REFUSALS:
                return self._jitter() * _REFUSED_PAUSE * state.refusals
        return None

    async def _post(self, recipient: Recipient) -> Outcome:
        try:
            return await self._gateway.post(recipient.connection_id, self._frame)
        except (Exception, asyncio.CancelledError) as error:
            # A failure concerns one recipient only (F15), even a cancellation that is not ours.
            if self._stopping:
                raise
            return Failed(type(error).__name__, retry=False)
