"""A queue, workers that die, and an audience: what a large broadcast meets on its way."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import count
from typing import Any

from connection_store import (
    Connection,
    ConnectionManager,
    Counts,
    Progress,
    QueuedBroadcasts,
    Step,
    Subscriptions,
    Table,
)
from connection_store.schema import shard_of
from signalbox.moment import Moment
from signalbox.publisher import Outcome, Slice
from signalbox.realtime.delivery.delivery import Delivery
from signalbox.realtime.delivery.worker import BroadcastWorker
from signalbox.testing.gateway import MemoryGateway
from tests.framework.realtime.backend import NOW


class Crowd(ConnectionManager):
    """Connections without a table."""

    def __init__(self, size: int) -> None:
        super().__init__("crowd")
        everybody = [Connection(f"c{n}=", None, None, NOW - 60_000, NOW, NOW) for n in range(size)]
        self.shards: dict[int, list[Connection]] = {}
        for each in sorted(everybody, key=lambda each: each.connection_id):
            self.shards.setdefault(shard_of(each.connection_id), []).append(each)

    async def stream(
        self, cursor: str | None = None, *, shard: int | None = None, **_: Any
    ) -> AsyncGenerator[Connection, None]:
        after = cursor.partition(":")[2] if cursor else ""
        assert shard is not None
        for each in self.shards.get(shard, []):
            if each.connection_id > after:
                yield each

    async def prune(self, connection_ids: Iterable[str], **_: Any) -> None:
        assert not list(connection_ids)


class Crash:
    """Counts what a worker does to the outside, and kills it right after call `number`."""

    def __init__(self) -> None:
        self.calls = 0
        self.number = 0
        self.victim: asyncio.Task[None] | None = None

    async def meet(self) -> None:
        self.calls += 1
        if self.calls == self.number and self.victim is not None:
            self.victim.cancel()
            await asyncio.sleep(0)


class CrashingGateway(MemoryGateway):
    def __init__(self, crash: Crash) -> None:
        super().__init__()
        self.crash = crash

    async def post(self, connection_id: str, frame: bytes) -> Outcome:
        outcome = await super().post(connection_id, frame)
        await self.crash.meet()
        return outcome


class CrashingBroadcasts(QueuedBroadcasts):
    crash: Crash

    async def get(self, broadcast_id: str, *, now: int | None = None) -> str | None:
        frame = await super().get(broadcast_id, now=now)
        await self.crash.meet()
        return frame

    async def advance(
        self, broadcast_id: str, shard: int, step: Step, counts: Counts, *, now: int | None = None
    ) -> Progress | None:
        progress = await super().advance(broadcast_id, shard, step, counts, now=now)
        await self.crash.meet()
        return progress


class WorkerQueue:
    """Delivers slices one after the other, and again where the worker died; `posts` is a slice's deadline."""

    def __init__(self, size: int, frames: CrashingBroadcasts, posts: int) -> None:
        self.crash = frames.crash
        self.gateway = CrashingGateway(self.crash)
        self.crowd = Crowd(size)
        self.frames = frames
        self.posts = posts
        self.ids = count(1)
        self.waiting: deque[tuple[str, Slice]] = deque()
        self.worker = BroadcastWorker(
            self.crowd,
            Subscriptions(Table("crowd")),
            Delivery(self.gateway, self.crowd),
            frames,
            self,
        )
        self.deliveries = 0
        self.delays: list[int] = []

    async def send(self, slices: Sequence[Slice], *, delay: int = 0) -> None:
        self.waiting += [(f"message-{next(self.ids)}", Slice.from_text(each.to_text())) for each in slices]
        self.delays.append(delay)
        await self.crash.meet()

    async def work(self, kill_every: int = 0) -> None:
        """Until nothing is left; with `kill_every`, each slice's first worker dies after so many calls."""
        known: set[tuple[int | None, int]] = set()
        while self.waiting:
            message, slice_ = self.waiting[0]
            if kill_every and (slice_.shard, slice_.number) not in known:
                known.add((slice_.shard, slice_.number))
                self.crash.number = self.crash.calls + 1 + len(known) % kill_every
            if await self._survives(message, slice_):
                self.waiting.remove((message, slice_))

    async def _survives(self, message: str, slice_: Slice) -> bool:
        end = len(self.gateway.posts) + self.posts
        self.deliveries += 1
        task = asyncio.create_task(
            self.worker.process(slice_, message, Moment(NOW, lambda: float(len(self.gateway.posts) < end)))
        )
        self.crash.victim = task
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
        return not task.cancelled()
