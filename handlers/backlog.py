"""Frames for so many that workers serve them: each is stored once, and has a slice in the queue a shard."""

from connection_store import Frames
from publisher import Queue, Slice


class Backlog:
    """What is left to the workers."""

    def __init__(self, frames: Frames, queue: Queue) -> None:
        self._frames = frames
        self._queue = queue

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
        """Leave `frame` to the workers: to the subscribers of the channel `audience`, or to everybody.

        `reply_to` is the connection that is told the end. Raises StoreError, and QueueError: then some may
        receive the frame nevertheless.
        """
        # The frame before the messages: a worker never meets one without the other. If this process dies
        # in between, nobody was told anything; if it dies after, only the caller does not know.
        await self._frames.put(broadcast_id, frame.decode(), shards=shards, reply_to=reply_to, now=now)
        slices = [Slice(broadcast_id, shard, now, audience=audience) for shard in range(shards)]
        await self._queue.send(slices)
