"""Histories: the publications of a channel, in order and for a limited time."""

from collections.abc import Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from math import inf

from . import schema
from .channel_heads import ChannelHeads, lasting
from .errors import ConditionFailedError, HistoryGoneError, TransactionConflictError, UnseenError
from .models import Channel, ChannelHead, Position, Publication
from .requests import Put, Query, Write
from .table import Table
from .timing import instant

SEEN_FOR = 600
"""Seconds in which a publisher's idempotency key is recognised (G4)."""

MARKER = 2
"""The idempotency marker's place among an append's writes."""

APPEND_ATTEMPTS = 12
REREADS = 3
LARGEST_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Appended:
    """A publication that is stored in the history, as an ack reports it.

    `new` is False when its idempotency key was seen before. Then the other values are those of the first
    attempt. `shards` is for listing the subscribers.
    """

    position: Position
    published_at: int
    shards: int
    new: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some publications, the channel's HEAD (None before anything happened), and whether more follow."""

    publications: tuple[Publication, ...]
    head: ChannelHead | None
    more: bool


@dataclass(frozen=True, slots=True)
class Recovery:
    """All missed publications, in order, if `recovered`. Otherwise none.

    `position` is where the reader is now.
    """

    recovered: bool
    publications: tuple[Publication, ...]
    position: Position


class History:
    """The histories in one table, or in the part of it whose keys begin with `partition`.

    `now` and errors as in ConnectionManager.
    """

    def __init__(self, table: Table, partition: str = "") -> None:
        self._table = table
        self._prefix = schema.check_prefix(partition)
        self._heads = ChannelHeads(table, self._prefix)

    async def head(self, channel: str, *, now: int | None = None) -> ChannelHead | None:
        """Return a channel's HEAD, the last publication that was acknowledged included."""
        return await self._heads.get(channel, now=instant(now))

    async def heads(self, channels: Iterable[str], *, now: int | None = None) -> dict[str, ChannelHead]:
        """Return the HEADs of those channels that have one; a publication of this moment may be missing."""
        return await self._heads.get_all(channels, now=instant(now))

    async def append(
        self,
        channel: Channel,
        data: str,
        *,
        publisher: str | None = None,
        key: str | None = None,
        now: int | None = None,
    ) -> Appended:
        """Add a publication to a channel that has a history. When this returns, it is stored (G1).

        Offsets rise by exactly 1 (G2). `key` is an idempotency key: the same one of the same `publisher`
        within ten minutes is stored once, and returns the first result. Raises TransactionConflictError when
        too many publish at once, InvalidKeyError for the key, ItemTooLargeError, and ValueError for a channel
        without history. After StoreBusyError it may or may not be stored. Repeat the call with the same key.
        """
        if not channel.history_size:
            raise ValueError("the channel has no history")
        now = instant(now)
        marker = None
        if publisher is not None and key is not None:
            marker = schema.seen_key(self._prefix, channel.name, publisher, key)
        for attempt in range(APPEND_ATTEMPTS):
            if attempt:
                await self._table.pause(attempt)
            head = await self._heads.get(channel.name, now=now)
            after = self._advance(channel, head, now)
            try:
                await self._table.write(*self._appending(channel, head, after, data, marker, now), now=now)
            except TransactionConflictError:
                continue
            except ConditionFailedError as refused:
                if first := refused.records.get(MARKER):
                    position = Position(first["epoch"], first["top"])
                    return Appended(position, first["published_at"], after.shards, new=False)
                continue  # others published in between
            return Appended(after.position, after.published_at, after.shards, new=True)
        raise TransactionConflictError("append: others published every time")

    async def page(
        self,
        channel: Channel,
        *,
        since: Position | None = None,
        until: Position | None = None,
        limit: int = 100,
        reverse: bool = False,
        now: int | None = None,
    ) -> HistoryPage:
        """Return up to `limit` publications after `since` and before `until`, the oldest or the newest first.

        The next page is asked for with the last publication's position as `since` or, in reverse, `until`.
        Raises HistoryGoneError for a position of another epoch, UnseenError, and ValueError for a limit
        outside 1 to 1,000.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise ValueError(f"a page has 1 to {LARGEST_PAGE} publications")
        now = instant(now)
        head = await self._heads.get(channel.name, now=now)
        epoch = None if head is None else head.epoch
        if any(position is not None and position.epoch != epoch for position in (since, until)):
            raise HistoryGoneError("the channel has another epoch")
        if head is None:
            return HistoryPage((), None, more=False)
        low = max(since.offset if since else 0, head.offset - channel.history_size, 0)
        high = min(until.offset - 1 if until else head.offset, head.offset)
        if reverse:
            found = await self._read(channel, head, max(low, high - limit), high, now)
            more = len(found) == limit and found[0].position.offset > low + 1
            return HistoryPage(tuple(reversed(found)), head, more)
        found = await self._read(channel, head, low, min(high, low + limit), now)
        if not found and low + limit < high:  # the next ones have expired, and later ones may not have
            found = (await self._read(channel, head, low + limit, high, now))[:limit]
        return HistoryPage(tuple(found), head, bool(found) and found[-1].position.offset < high)

    async def recover(
        self,
        channel: Channel,
        since: Position,
        head: ChannelHead,
        *,
        limit: int | None = None,
        room: float = inf,
        now: int | None = None,
    ) -> Recovery:
        """Return the publications after `since` up to `head`, all of them or none (G3).

        `head` comes from the subscribe just before. Later publications reach the subscription itself. None is
        returned if the epoch has changed, or if the position is ahead of `head`. Nor is it if a
        publication in between has expired or left the window, or if more than `limit` publications or `room`
        bytes were missed. The read stops as soon as that is clear (G9).
        """
        missed = head.offset - since.offset
        bound = channel.history_size if limit is None else min(limit, channel.history_size)
        if since.epoch == head.epoch and since.offset >= 0 and 0 <= missed <= bound:
            with suppress(UnseenError):
                found = await self._read(channel, head, since.offset, head.offset, instant(now), room)
                if len(found) == missed:
                    return Recovery(True, tuple(found), head.position)
        return Recovery(False, (), head.position)

    def _advance(self, channel: Channel, head: ChannelHead | None, now: int) -> ChannelHead:
        before = head or self._heads.fresh(channel, now=now)
        return replace(
            before,
            offset=before.offset + 1,
            shards=max(before.shards, channel.shards),
            # Clocks of events differ slightly. Publications that expired out of order would leave holes.
            published_at=max(before.published_at, now),
            expires_at=max(before.expires_at, lasting(channel, now)),
        )

    def _appending(
        self,
        channel: Channel,
        head: ChannelHead | None,
        after: ChannelHead,
        data: str,
        marker: schema.Key | None,
        now: int,
    ) -> list[Write]:
        expires_at = _expiry(channel, after.published_at)
        publication = Publication(after.position, data, after.published_at, expires_at)
        writes: list[Write] = [
            self._heads.succession(channel.name, head, after, now=now),
            Put(publication.to_record(self._prefix, channel.name)),
        ]
        if marker is not None:
            ack = {"epoch": after.epoch, "top": after.offset, "published_at": after.published_at}
            row = {**marker._asdict(), **ack, schema.TTL_ATTRIBUTE: now // 1000 + SEEN_FOR}
            writes.append(Put(row, schema.VACANT, {":seconds": now // 1000}))
        return writes

    async def _read(
        self, channel: Channel, head: ChannelHead, low: int, high: int, now: int, room: float | None = None
    ) -> list[Publication]:
        """Return the remaining publications above `low` up to `high`, without a gap.

        With `room`, it is nothing as soon as one has expired, or their data are more bytes than that. Raises
        UnseenError when the last one cannot be read yet.
        """
        if low >= high or _expiry(channel, head.published_at) * 1000 <= now:
            return []
        for attempt in range(1 + REREADS):
            if attempt:
                await self._table.pause(attempt)
            found = await self._find(channel, low, high, now, room)
            if found is None:
                return []
            # A query sees a transaction item by item: HEAD may be ahead of the row that was written with it.
            run = _unbroken(found, Position(head.epoch, high))
            if len(run) == len(found) and (run or high < head.offset):
                return run
        if run or high < head.offset:
            return run
        raise UnseenError("history: a publication cannot be read yet")

    async def _find(
        self, channel: Channel, low: int, high: int, now: int, room: float | None
    ) -> list[Publication] | None:
        first, last = (
            schema.publication_key(self._prefix, channel.name, offset) for offset in (low + 1, high)
        )
        # A recovery needs all of them, so it must see the first expired one. Otherwise the table reads on
        # past many.
        seen = now if room is None else schema.EVEN_EXPIRED
        query = Query(first.pk, seen, between=(first.sk, last.sk), consistent=True)
        found, left = list[Publication](), inf if room is None else room
        # A frame's worth of data fits in one page. Leaving early cancels the read of the next page.
        async with aclosing(self._table.query(query)) as rows:
            async for row in rows:
                publication = Publication.from_record(row)
                left -= len(publication.data.encode())
                if left >= 0 and _is_kept(channel, publication, now):
                    found.append(publication)
                elif room is not None:
                    return None
        return found


def _unbroken(publications: list[Publication], end: Position) -> list[Publication]:
    run = list[Publication]()
    for each in reversed(publications):
        if each.position != (end.epoch, end.offset - len(run)):
            break
        run.append(each)
    return run[::-1]


def _is_kept(channel: Channel, publication: Publication, now: int) -> bool:
    # A row may outlive those that followed it, if the channel's window was a longer one when it was written.
    return min(publication.expires_at, _expiry(channel, publication.published_at)) * 1000 > now


def _expiry(channel: Channel, published_at: int) -> int:
    return published_at // 1000 + channel.history_seconds
