"""To everybody: at once where they are few, through the queue where they are many."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

from connection_store import ConnectionManager, Counts
from connection_store.schema import SHARDS
from signalbox.observability import record_broadcast
from signalbox.pricing.broadcast import estimate
from signalbox.protocol import BroadcastSent, Message
from signalbox.publisher import Recipient

from .backlog import Backlog
from .delivery import Courier, check_depth, counts_of, encode, stream


class Broadcaster:
    """Sends to everybody who is connected.

    Audiences of more than `inline_recipients` are left to the workers behind `backlog`, and so is who had no
    turn before time ran out; without one everybody is served at once, as far as time allows.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        courier: Courier,
        backlog: Backlog | None,
        inline_recipients: int,
    ) -> None:
        self._connections = connections
        self._courier = courier
        self._backlog = backlog
        self._inline_recipients = inline_recipients

    async def broadcast(
        self, message: Message, *, now: int, time_left: Callable[[], float], reply_to: str | None = None
    ) -> BroadcastSent:
        """Send `message` to everybody, or see to it that it will be.

        `reply_to` is the connection that is told the end of a queued broadcast. Raises FrameTooLargeError,
        NestedDeliveryError, StoreError, and QueueError: then some may receive the message nevertheless.
        """
        check_depth()
        frame = encode(message)
        recipients: AsyncIterator[Recipient] = self._connections.stream(now=now)
        if self._backlog is not None:
            page = await self._connections.page(self._inline_recipients, now=now)
            if page.cursor is not None:
                await self._backlog.add(message.message_id, frame, shards=SHARDS, reply_to=reply_to, now=now)
                nothing = summarize(Counts(), len(frame), seconds=0)
                return BroadcastSent(message_id=message.message_id, complete=False, queued=True, **nothing)
            recipients = stream(page.connections)
        started = time.monotonic()
        report = await self._courier.deliver(frame, recipients, now=now, time_left=time_left)
        took = time.monotonic() - started
        rest = None if report.complete else self._backlog
        sent = BroadcastSent(
            message_id=message.message_id,
            complete=report.complete,
            queued=rest is not None,
            **summarize(counts_of(report), len(frame), seconds=took),
        )
        if rest is None:
            record_broadcast(sent)
        else:
            await rest.resume(message.message_id, frame, report, reply_to=reply_to, now=now)
        return sent


def summarize(counts: Counts, size: int, *, seconds: float, slices: int = 0) -> dict[str, Any]:
    """What a broadcast's report says: the counts, how long it took, and what it costs (`prices`)."""
    cost = estimate(counts.recipients, counts.gone, size, slices)
    return {
        **asdict(counts),
        "duration_ms": round(seconds * 1_000),
        "posts_per_second": round(counts.recipients / seconds, 1) if seconds > 0 else 0.0,
        "cost_usd": round(cost, 8),
    }
