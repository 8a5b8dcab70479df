"""What a worker does with a slice of a broadcast from the queue."""

import time
from collections.abc import AsyncIterator, Callable

from connection_store import ConnectionManager, Progress, QueuedBroadcasts, Step, Subscriptions
from signalbox.observability import count, logger, record_broadcast
from signalbox.protocol import BroadcastReport
from signalbox.publisher import Gateway, Queue, Recipient, Report, Slice

from .backlog import PAUSE
from .broadcasting import summarize
from .delivery import Courier, counts_of, encode


class StuckError(Exception):
    """A slice in which nobody's turn came: the queue gives it to a worker again, five times at most."""


class Relay:
    """Carries broadcasts on, slice by slice.

    Every slice may be delivered more than once, by a queue that repeats itself or after a worker that died:
    its recipients then have the frame twice, with one message id, and are counted once. Slices recorded are
    not posted again. Only who recorded one goes on: a repeated message ends where it meets another's record.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        subscriptions: Subscriptions,
        courier: Courier,
        frames: QueuedBroadcasts,
        queue: Queue,
        gateway: Gateway,
    ) -> None:
        self._connections = connections
        self._subscriptions = subscriptions
        self._courier = courier
        self._frames = frames
        self._queue = queue
        self._gateway = gateway

    async def carry(self, slice_: Slice, delivery: str, *, now: int, time_left: Callable[[], float]) -> None:
        """Serve a slice's recipients, record it, and go on with what is left.

        `delivery` is the queue's id of the message, the same each time it is delivered. `now` is epoch
        milliseconds. Raises StuckError, StoreError, QueueError: then the message is to be delivered again.
        """
        started = time.monotonic()
        progress = await self._frames.progress(slice_.broadcast_id, now=now)
        shard = slice_.shard or 0  # a slice of all shards is alone, and goes by the first one's name
        pause = 0
        if progress is not None and progress.step(shard).slices < slice_.number:
            report = await self._deliver(slice_, now, time_left)
            pause = PAUSE if report.throttled else 0
            step = Step(slice_.number, report.cursor, delivery)
            progress = await self._frames.advance(
                slice_.broadcast_id, shard, step, counts_of(report), now=now
            )
        if progress is None:
            logger.warning("broadcast given up", extra={"broadcast_id": slice_.broadcast_id})
            count("SlicesGivenUp")
            return
        step = progress.step(shard)
        if (step.slices, step.by) != (slice_.number, delivery):
            return
        # From here on another delivery of this message comes back to this point, and never to the posts.
        if step.cursor is not None:
            await self._queue.send([slice_.next(step.cursor)], delay=pause)
        elif progress.finished == progress.shards:
            ended = now + (time.monotonic() - started) * 1_000
            await self._report(slice_.broadcast_id, progress, ended)

    async def _deliver(self, slice_: Slice, now: int, time_left: Callable[[], float]) -> Report:
        frame = await self._frames.get(slice_.broadcast_id, now=now)
        if frame is None:
            raise StuckError("the progress is there and the frame is not")
        report = await self._courier.deliver(
            frame.encode(), self._recipients(slice_, now), now=now, time_left=time_left, start=slice_.cursor
        )
        if not report.complete and report.cursor == slice_.cursor:
            raise StuckError("nobody's turn came")
        return report

    def _recipients(self, slice_: Slice, now: int) -> AsyncIterator[Recipient]:
        if slice_.audience is None:
            return self._connections.stream(slice_.cursor, shard=slice_.shard, now=now)
        return self._subscriptions.subscribers(
            slice_.audience, shard=slice_.shard, cursor=slice_.cursor, now=now
        )

    async def _report(self, broadcast_id: str, progress: Progress, ended: float) -> None:
        report = BroadcastReport(
            message_id=broadcast_id,
            complete=True,
            **summarize(
                progress.counts,
                progress.size,
                seconds=max(0.001, (ended - progress.issued_at) / 1_000),
                slices=progress.slices,
            ),
        )
        record_broadcast(report)
        if progress.reply_to is not None:
            await self._gateway.post(progress.reply_to, encode(report))
