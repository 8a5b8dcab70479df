"""Frames that workers deliver: audiences that are too large, and recipients not reached in time."""

from connection_store import QueuedBroadcasts
from signalbox.publisher import Queue, Report, Slice

from .delivery import counts_of

PAUSE = 5
"""Seconds until a broadcast goes on whose account was refused."""


class Backlog:
    """What is left to the workers, of one tenant."""

    def __init__(self, frames: QueuedBroadcasts, queue: Queue, tenant: str = "") -> None:
        self._frames = frames
        self._queue = queue
        self._tenant = tenant

    async def add(
        self,
        broadcast_id: str,
        frame: bytes,
        *,
        shards: int,
        audience: str | None = None,
        reply_to: str | None = None,
        now: int,
    ) -> None:
        """Leave `frame` to the workers, shard by shard: subscribers of the channel `audience`, or everybody.

        `reply_to` is the connection that is told the end. Raises StoreError, and QueueError: then some may
        receive the frame nevertheless.
        """
        # The frame before the messages: a worker never meets one without the other. If this process dies
        # in between, nobody was told anything; if it dies after, only the caller does not know.
        await self._frames.put(broadcast_id, frame.decode(), shards=shards, reply_to=reply_to, now=now)
        slices = [
            Slice(broadcast_id, shard, now, audience=audience, tenant=self._tenant) for shard in range(shards)
        ]
        await self._queue.send(slices)

    async def resume(
        self,
        broadcast_id: str,
        frame: bytes,
        report: Report,
        *,
        audience: str | None = None,
        reply_to: str | None = None,
        now: int,
    ) -> None:
        """Leave those to a worker who had no turn before time ran out, as `report` says. Else as `add`."""
        await self._frames.put(
            broadcast_id, frame.decode(), shards=1, counts=counts_of(report), reply_to=reply_to, now=now
        )
        rest = Slice(broadcast_id, None, now, cursor=report.cursor, audience=audience, tenant=self._tenant)
        await self._queue.send([rest], delay=PAUSE if report.throttled else 0)
