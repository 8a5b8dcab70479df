"""QueuedBroadcasts that wait to be delivered, each stored once, and how far each has come.

The frame and its progress are two rows: a write is billed on the whole row, and a frame may have 128 KB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Self

from . import schema
from .requests import Put, Update
from .table import Table
from .timing import instant
from .wire import Record

FRAME_TTL = 3_600
"""Seconds a frame waits. Its slices that are still on their way then are given up."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Outcomes counted over some recipients of a broadcast, or over all."""

    recipients: int = 0
    sent: int = 0
    gone: int = 0
    slow: int = 0
    failed: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the sums."""
        return Counts(**{name: value + getattr(other, name) for name, value in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of one shard: slices done, the start of the next one, and the worker that did the last.

    `cursor` is None before the first and after the last slice. `by` names the worker, as it called `advance`.
    """

    slices: int = 0
    cursor: str | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a broadcast: `finished` of `shards`, and the counts of all of them.

    `issued_at` is epoch milliseconds, and `size` the frame's bytes. `reply_to` is the connection that gets
    the final report, if there is one.
    """

    shards: int
    issued_at: int
    size: int
    reply_to: str | None = None
    finished: int = 0
    counts: Counts = Counts()
    steps: Mapping[int, Step] = field(default_factory=dict)

    @property
    def slices(self) -> int:
        """How many have been done, of all shards."""
        return sum(step.slices for step in self.steps.values())

    def step(self, shard: int) -> Step:
        """Return how far a shard has come."""
        return self.steps.get(shard, Step())

    def after(self, shard: int, step: Step, counts: Counts) -> Progress:
        """Return the progress when `shard` has come to `step`, counting `counts` on its way."""
        return replace(
            self,
            finished=self.finished + (step.cursor is None),
            counts=self.counts + counts,
            steps={**self.steps, shard: step},
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read a row; attributes of later releases are ignored."""
        shards = [int(name.removeprefix("slices_")) for name in record if name.startswith("slices_")]
        return cls(
            shards=record["shards"],
            issued_at=record["issued_at"],
            size=record["size"],
            reply_to=record.get("reply_to"),
            finished=record["finished"],
            counts=Counts(**{name: record[name] for name in asdict(Counts())}),
            steps={n: _step(record, n) for n in shards},
        )


class QueuedBroadcasts:
    """The waiting frames in one table, or in the part of it whose keys begin with `partition`.

    `now` and errors as in ConnectionManager.
    """

    def __init__(self, table: Table, partition: str = "") -> None:
        self._table = table
        self._prefix = schema.check_prefix(partition)

    async def put(
        self,
        broadcast_id: str,
        frame: str,
        *,
        shards: int,
        counts: Counts = Counts(),
        reply_to: str | None = None,
        now: int | None = None,
    ) -> Progress:
        """Store a frame for an hour, for `shards` shards to deliver to recipients not in `counts` yet.

        Raises ItemTooLargeError.
        """
        now = instant(now)
        size = len(frame.encode())
        progress = Progress(shards, issued_at=now, size=size, reply_to=reply_to, counts=counts)
        common = {schema.TTL_ATTRIBUTE: now // 1000 + FRAME_TTL, "v": schema.VERSION}
        optional = {} if reply_to is None else {"reply_to": reply_to}
        known = {"shards": shards, "issued_at": now, "size": size, "finished": 0}
        rows = [
            {**schema.frame_key(self._prefix, broadcast_id)._asdict(), "frame": frame},
            {**self._key(broadcast_id)._asdict(), **known, **asdict(counts), **optional},
        ]
        await self._table.write(*(Put({**row, **common}) for row in rows), now=now)
        return progress

    async def get(self, broadcast_id: str, *, now: int | None = None) -> str | None:
        """Return a frame, or None if it is not there any more."""
        key, now = schema.frame_key(self._prefix, broadcast_id), instant(now)
        # As with connections, only a row that is not found is read again, consistently and at twice the
        # price.
        record = await self._table.get(key, now=now) or await self._table.get(key, now=now, consistent=True)
        return None if record is None else str(record["frame"])

    async def progress(self, broadcast_id: str, *, now: int | None = None) -> Progress | None:
        """Return how far a broadcast has come, or None if its frame is not there any more."""
        record = await self._table.get(self._key(broadcast_id), now=instant(now), consistent=True)
        return None if record is None else Progress.from_record(record)

    async def advance(
        self, broadcast_id: str, shard: int, step: Step, counts: Counts, *, now: int | None = None
    ) -> Progress | None:
        """Record that `shard` has come to `step`, unless that many slices are recorded already.

        A slice may be delivered twice, and is counted once. Returns the progress afterwards. It contains
        `step` if that one counted. None if the frame is not there any more.
        """
        now = instant(now)
        before = await self._table.update(self._advance(broadcast_id, shard, step, counts, now), now=now)
        if before is None:
            return None
        progress = Progress.from_record(before)
        is_next = progress.step(shard).slices == step.slices - 1
        return progress.after(shard, step, counts) if is_next else progress

    def _advance(self, broadcast_id: str, shard: int, step: Step, counts: Counts, now: int) -> Update:
        sums = {"finished": int(step.cursor is None), **asdict(counts)}
        slices = f"slices_{shard}"
        condition, before = f"attribute_not_exists({slices})", {}
        if step.slices > 1:
            condition, before = f"{slices} = :before", {":before": step.slices - 1}
        return Update(
            self._key(broadcast_id),
            f"SET {slices} = :slices, cursor_{shard} = :cursor, by_{shard} = :by"
            f" ADD {', '.join(f'{name} :{name}' for name in sums)}",
            f"{schema.ALIVE} AND {condition}",
            {
                **{f":{name}": value for name, value in sums.items()},
                **before,
                ":slices": step.slices,
                ":cursor": step.cursor or "",
                ":by": step.by,
                ":seconds": now // 1000,
            },
        )

    def _key(self, broadcast_id: str) -> schema.Key:
        return schema.progress_key(self._prefix, broadcast_id)


def _step(record: Record, shard: int) -> Step:
    return Step(record[f"slices_{shard}"], record[f"cursor_{shard}"] or None, record[f"by_{shard}"])
