"""HEADs: the end of each channel's history, and the number of shards its subscribers are spread over."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from . import schema
from .errors import ConditionFailedError, TransactionConflictError
from .models import Channel, ChannelHead
from .requests import Put, Update
from .table import Table

HEAD_LIFE = 86_400
"""Seconds a HEAD lives at least after the last publication. It outlives the rows that refer to it."""

EPOCH_BITS = 48
ATTEMPTS = 5


class ChannelHeads:
    """The HEADs in one table."""

    def __init__(self, table: Table, prefix: str) -> None:
        self._table = table
        self._prefix = prefix

    async def get(self, channel: str, *, now: int) -> ChannelHead | None:
        """Return a channel's HEAD, the last publication that was acknowledged included."""
        row = await self._table.get(schema.head_key(self._prefix, channel), now=now, consistent=True)
        return None if row is None else ChannelHead.from_record(row)

    async def get_all(
        self, channels: Iterable[str], *, now: int, consistent: bool = False
    ) -> dict[str, ChannelHead]:
        """Return the HEADs of those channels that have one, all read at once.

        Unless `consistent`, at twice the price, a publication of this moment may be missing.
        """
        keys = {schema.head_key(self._prefix, channel): channel for channel in channels}
        rows = await self._table.get_all(list(keys), now=now, consistent=consistent)
        return {keys[key]: ChannelHead.from_record(row) for key, row in rows.items()}

    async def ensure(self, channels: Iterable[Channel], until: int, *, now: int) -> dict[str, ChannelHead]:
        """Return HEADs that last until `until` (epoch seconds), with the shards each channel asks for.

        A subscription relies on its HEAD. Publishers read the number of shards in it, and positions are valid
        only within its epoch. Raises TransactionConflictError.
        """
        wanted = {channel.name: channel for channel in channels}
        found = await self._find(list(wanted), now)
        heads = (self._ensure(channel, found.get(name), until, now) for name, channel in wanted.items())
        return dict(zip(wanted, await asyncio.gather(*heads), strict=True))

    async def _find(self, channels: list[str], now: int) -> Mapping[str, ChannelHead | None]:
        # A GetItem costs the same, and is an action that every role has.
        if len(channels) == 1:
            return {channels[0]: await self.get(channels[0], now=now)}
        return await self.get_all(channels, now=now, consistent=True)

    async def _ensure(self, channel: Channel, head: ChannelHead | None, until: int, now: int) -> ChannelHead:
        for attempt in range(ATTEMPTS):
            if head is not None and head.shards >= channel.shards and head.expires_at >= until:
                return head
            better = self._improve(channel, head or self.fresh(channel, now=now), now)
            try:
                await self._table.write(self.succession(channel.name, head, better, now=now), now=now)
            except ConditionFailedError:  # others were faster, perhaps with the same
                await self._table.pause(attempt)
                head = await self.get(channel.name, now=now)
            else:
                return better
        raise TransactionConflictError("HEAD: changed by others every time")

    def fresh(self, channel: Channel, *, now: int) -> ChannelHead:
        """Return a HEAD for a channel that has none, with a new and unique epoch."""
        return ChannelHead(self._table.token(EPOCH_BITS), 0, channel.shards, 0, lasting(channel, now))

    def succession(
        self, channel: str, before: ChannelHead | None, after: ChannelHead, *, now: int
    ) -> Put | Update:
        """Return the write of `after` that is refused unless `before` is still the HEAD."""
        if before is None:
            return Put(after.to_record(self._prefix, channel), schema.VACANT, {":seconds": now // 1000})
        return Update(
            schema.head_key(self._prefix, channel),
            f"SET top = :top, shards = :shards, published_at = :published_at, {schema.TTL_ATTRIBUTE} = :ends",
            "epoch = :epoch AND top = :had AND shards = :counted",
            {
                ":top": after.offset,
                ":shards": after.shards,
                ":published_at": after.published_at,
                ":ends": after.expires_at,
                ":epoch": before.epoch,
                ":had": before.offset,
                ":counted": before.shards,
            },
        )

    def _improve(self, channel: Channel, head: ChannelHead, now: int) -> ChannelHead:
        return replace(
            head,
            shards=max(head.shards, channel.shards),
            expires_at=max(head.expires_at, lasting(channel, now)),
        )


def lasting(channel: Channel, now: int) -> int:
    """Return until when (epoch seconds) a HEAD written at `now` lives."""
    return now // 1000 + max(HEAD_LIFE, channel.history_seconds)
