"""Deliveries that workers finish: audiences that are too large, and recipients not reached in time."""

from connection_store import QueuedBroadcasts
from signalbox.moment import Moment
from signalbox.publisher import Queue, Report, Slice

from .delivery import counts_of

THROTTLE_PAUSE = 5
"""Seconds until a broadcast goes on after API Gateway refused the account."""


class DeliveryQueue:
    """The queue of one tenant. A frame is stored once; messages in the queue name it."""

    def __init__(self, broadcasts: QueuedBroadcasts, queue: Queue, tenant: str = "") -> None:
        self._broadcasts = broadcasts
        self._queue = queue
        self._tenant = tenant

    async def add(
        self,
        broadcast_id: str,
        frame: bytes,
        *,
        shards: int,
        channel: str | None = None,
        reply_to: str | None = None,
        moment: Moment,
    ) -> None:
        """Queue `frame` shard by shard: for the subscribers of `channel`, or for everybody.

        `reply_to` is the connection that gets the final report. Raises StoreError, and QueueError. After a
        QueueError some may receive the frame nevertheless.
        """
        # The frame before the messages: a worker never meets one without the other. If this process dies
        # in between, nobody was told anything. If it dies after, only the caller does not know.
        await self._broadcasts.put(
            broadcast_id, frame.decode(), shards=shards, reply_to=reply_to, now=moment.now
        )
        slices = [
            Slice(broadcast_id, shard, moment.now, audience=channel, tenant=self._tenant)
            for shard in range(shards)
        ]
        await self._queue.send(slices)

    async def resume(
        self,
        broadcast_id: str,
        frame: bytes,
        report: Report,
        *,
        channel: str | None = None,
        reply_to: str | None = None,
        moment: Moment,
    ) -> None:
        """Queue the recipients that `report` says were not reached. Everything else is as in `add`."""
        await self._broadcasts.put(
            broadcast_id,
            frame.decode(),
            shards=1,
            counts=counts_of(report),
            reply_to=reply_to,
            now=moment.now,
        )
        rest = Slice(
            broadcast_id, None, moment.now, cursor=report.cursor, audience=channel, tenant=self._tenant
        )
        await self._queue.send([rest], delay=THROTTLE_PAUSE if report.throttled else 0)
