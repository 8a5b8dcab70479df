"""A worker's part in a broadcast: one slice from the queue."""

import time
from collections.abc import AsyncIterator

from connection_store import ConnectionManager, Progress, QueuedBroadcasts, Step, Subscriptions
from signalbox.moment import Moment
from signalbox.observability import count, logger
from signalbox.protocol import BroadcastReport
from signalbox.protocol.encoding import encode
from signalbox.publisher import Queue, Recipient, Report, Slice

from .broadcast import summarize
from .delivery import Delivery, counts_of
from .metrics import record_broadcast
from .queue import THROTTLE_PAUSE


class StuckError(Exception):
    """No recipient of a slice was reached. The queue delivers the slice again, five times at most."""


class BroadcastWorker:
    """Carries broadcasts on, slice by slice.

    A slice may be delivered more than once: the queue repeats messages, and workers die. Its recipients then
    get the frame twice, with one message id, and are counted once. Slices that are recorded are not posted
    again. Only the delivery that recorded a slice goes on: a repeated message ends where it meets another's
    record.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        subscriptions: Subscriptions,
        delivery: Delivery,
        broadcasts: QueuedBroadcasts,
        queue: Queue,
    ) -> None:
        self._connections = connections
        self._subscriptions = subscriptions
        self._delivery = delivery
        self._broadcasts = broadcasts
        self._queue = queue

    async def process(self, slice_: Slice, message_id: str, moment: Moment) -> None:
        """Serve a slice's recipients, record it, and queue what is left.

        `message_id` is the queue's, the same each time the message is delivered. Raises StuckError,
        StoreError, QueueError: then the message has to be delivered again.
        """
        started = time.monotonic()
        progress = await self._broadcasts.progress(slice_.broadcast_id, now=moment.now)
        shard = slice_.shard or 0  # a slice of all shards is alone, and goes by the first one's name
        pause = 0
        if progress is not None and progress.step(shard).slices < slice_.number:
            report = await self._deliver(slice_, moment)
            pause = THROTTLE_PAUSE if report.throttled else 0
            step = Step(slice_.number, report.cursor, message_id)
            progress = await self._broadcasts.advance(
                slice_.broadcast_id, shard, step, counts_of(report), now=moment.now
            )
        if progress is None:
            logger.warning("broadcast given up", extra={"broadcast_id": slice_.broadcast_id})
            count("SlicesGivenUp")
            return
        step = progress.step(shard)
        if (step.slices, step.by) != (slice_.number, message_id):
            return
        # From here on another delivery of this message comes back to this point, and never to the posts.
        if step.cursor is not None:
            await self._queue.send([slice_.next(step.cursor)], delay=pause)
        elif progress.finished == progress.shards:
            ended = moment.now + (time.monotonic() - started) * 1_000
            await self._report(slice_.broadcast_id, progress, ended)

    async def _deliver(self, slice_: Slice, moment: Moment) -> Report:
        frame = await self._broadcasts.get(slice_.broadcast_id, now=moment.now)
        if frame is None:
            raise StuckError("the progress is there and the frame is not")
        report = await self._delivery.deliver(
            frame.encode(), self._recipients(slice_, moment.now), moment=moment, start=slice_.cursor
        )
        if not report.complete and report.cursor == slice_.cursor:
            raise StuckError("no recipient of this slice was reached before the deadline")
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
            await self._delivery.post(progress.reply_to, encode(report))
