"""Messages to everybody: small audiences at once, large ones through the queue."""

import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from connection_store import ConnectionManager, Counts
from connection_store.schema import SHARDS
from signalbox.moment import Moment
from signalbox.pricing.broadcast import estimate
from signalbox.protocol import BroadcastSent, Message
from signalbox.protocol.encoding import encode
from signalbox.publisher import Recipient

from .delivery import Delivery, check_depth, counts_of, stream
from .metrics import record_broadcast
from .queue import DeliveryQueue


class Broadcaster:
    """Sends to everybody who is connected.

    Audiences larger than `inline_recipients` are queued for the workers. Recipients not reached before the
    deadline are queued as well. Without a `queue` everybody is served at once, as far as time allows.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        delivery: Delivery,
        queue: DeliveryQueue | None,
        inline_recipients: int,
    ) -> None:
        self._connections = connections
        self._delivery = delivery
        self._queue = queue
        self._inline_recipients = inline_recipients

    async def broadcast(
        self, message: Message, moment: Moment, *, reply_to: str | None = None
    ) -> BroadcastSent:
        """Send `message` to everybody, or queue it.

        `reply_to` is the connection that gets the final report of a queued broadcast. Raises
        FrameTooLargeError, NestedDeliveryError, StoreError, and QueueError. After a QueueError some may
        receive the message nevertheless.
        """
        check_depth()
        frame = encode(message)
        recipients: AsyncIterator[Recipient] = self._connections.stream(now=moment.now)
        if self._queue is not None:
            page = await self._connections.page(self._inline_recipients, now=moment.now)
            if page.cursor is not None:
                await self._queue.add(
                    message.message_id, frame, shards=SHARDS, reply_to=reply_to, moment=moment
                )
                nothing = summarize(Counts(), len(frame), seconds=0)
                return BroadcastSent(message_id=message.message_id, complete=False, queued=True, **nothing)
            recipients = stream(page.connections)
        return await self._deliver(message.message_id, frame, recipients, moment, reply_to)

    async def _deliver(
        self,
        message_id: str,
        frame: bytes,
        recipients: AsyncIterator[Recipient],
        moment: Moment,
        reply_to: str | None,
    ) -> BroadcastSent:
        started = time.monotonic()
        report = await self._delivery.deliver(frame, recipients, moment=moment)
        took = time.monotonic() - started
        queue = None if report.complete else self._queue
        sent = BroadcastSent(
            message_id=message_id,
            complete=report.complete,
            queued=queue is not None,
            **summarize(counts_of(report), len(frame), seconds=took),
        )
        if queue is None:
            record_broadcast(sent)
        else:
            await queue.resume(message_id, frame, report, reply_to=reply_to, moment=moment)
        return sent


def summarize(counts: Counts, size: int, *, seconds: float, slices: int = 0) -> dict[str, Any]:
    """Return the fields of a broadcast's report: counts, duration, rate and cost."""
    cost = estimate(counts.recipients, counts.gone, size, slices)
    return {
        **asdict(counts),
        "duration_ms": round(seconds * 1_000),
        "posts_per_second": round(counts.recipients / seconds, 1) if seconds > 0 else 0.0,
        "cost_usd": round(cost, 8),
    }
