"""Subscriptions: the channels of a connection, and the subscribers of a channel."""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from . import schema
from .channel_heads import ChannelHeads
from .errors import (
    ConditionFailedError,
    ConnectionGoneError,
    SubscriptionLimitError,
    TransactionConflictError,
)
from .models import Channel, ChannelHead, Connection, Subscriber, Subscription, write_roles
from .requests import Delete, Put, Query, Update, Write
from .table import Table
from .timing import instant

SUBSCRIPTION_LIMIT = 100
MOST_AT_ONCE = 49
"""Channels in one request: a transaction has at most 100 items, two a channel and the connection's."""

ATTEMPTS = 3
"""How often a transaction is built anew because the rows changed since they were read."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One channel of a subscribe: its HEAD as of afterwards, and whether it is new to the connection."""

    channel: Channel
    head: ChannelHead
    new: bool


class Subscriptions:
    """The subscriptions in one table, or in the part of it whose keys begin with `partition`.

    A connection has at most `limit`. `now` and errors as in ConnectionManager.
    """

    def __init__(self, table: Table, partition: str = "", *, limit: int = SUBSCRIPTION_LIMIT) -> None:
        self._table = table
        self._prefix = schema.check_prefix(partition)
        self._heads = ChannelHeads(table, self._prefix)
        self._limit = limit

    async def subscribe(
        self, connection: Connection, channels: Iterable[Channel], *, now: int | None = None
    ) -> tuple[Subscribed, ...]:
        """Subscribe a connection to all of `channels`, 1 to 49, or to none; return them in their order.

        Publications after the HEAD that is returned for a channel reach the connection. A channel subscribed
        before counts once. Raises ConnectionGoneError, SubscriptionLimitError, TransactionConflictError, also
        when the user's roles are not `connection`'s any more, and ValueError for another number of channels.
        """
        now = instant(now)
        wanted = {channel.name: channel for channel in channels}
        if not 1 <= len(wanted) <= MOST_AT_ONCE:
            raise ValueError(f"a request has 1 to {MOST_AT_ONCE} channels")
        new = await self._add(connection, wanted, now)
        heads = await self._heads.ensure(wanted.values(), connection.expires_at, now=now)
        return tuple(Subscribed(channel, heads[name], name in new) for name, channel in wanted.items())

    async def unsubscribe(
        self, connection_id: str, channels: Iterable[str], *, now: int | None = None
    ) -> tuple[Subscription, ...]:
        """End a connection's subscriptions to `channels`, at most 49, all or none; return those there were.

        Raises ConnectionGoneError, TransactionConflictError, and ValueError for too many channels.
        """
        now, names = instant(now), {schema.check_channel(name) for name in channels}
        if len(names) > MOST_AT_ONCE:
            raise ValueError(f"a request has at most {MOST_AT_ONCE} channels")
        for _ in range(ATTEMPTS):
            present = await self.subscriptions_of(connection_id, now=now)
            ending = tuple(each for each in present if each.channel in names)
            try:
                if ending:
                    await self._table.write(*self._removal(connection_id, ending, now), now=now)
            except ConditionFailedError as refused:
                if refused.is_gone(0):
                    raise ConnectionGoneError("the connection has no row") from None
                continue
            return ending
        raise TransactionConflictError("unsubscribe: the subscriptions changed every time")

    async def subscription(
        self, connection_id: str, channel: str, *, now: int | None = None
    ) -> Subscription | None:
        """Return a connection's subscription to a channel, or None; one made a moment ago is found."""
        key = schema.subscription_key(self._prefix, connection_id, channel)
        row = await self._table.get(key, now=instant(now), consistent=True)
        return None if row is None else Subscription.from_record(connection_id, row)

    async def subscriptions_of(self, connection_id: str, *, now: int | None = None) -> list[Subscription]:
        """Return a connection's subscriptions in the order of channels, one made a moment ago included."""
        partition = schema.subscriptions_partition(self._prefix, connection_id)
        rows = self._table.query(Query(partition, instant(now), consistent=True))
        return [Subscription.from_record(connection_id, row) async for row in rows]

    async def subscribers(
        self,
        channel: str,
        *,
        shards: int | None = None,
        shard: int | None = None,
        cursor: str | None = None,
        consistent: bool = True,
        page_size: int | None = None,
        now: int | None = None,
    ) -> AsyncGenerator[Subscriber, None]:
        """Yield a channel's subscribers after `cursor`, in the order of cursors, or those in one `shard`.

        `shards` is the channel's number of them, as an append returned it; without it the HEAD is read. With
        `consistent`, subscribers of a moment ago are included, at twice the price. A channel with history
        needs it: an eventual read loses one of six orders of a subscribe and a publish. `page_size` bounds
        the rows read from a shard at once. A consumer that may stop early closes the stream
        (`contextlib.aclosing`). Raises InvalidCursorError.
        """
        now = instant(now)
        first, after = schema.parse_subscriber_cursor(cursor) if cursor is not None else (shard or 0, "")
        end = shard + 1 if shard is not None else shards or await self._shards(channel, now)
        queries = [
            Query(
                schema.subscribers_partition(self._prefix, channel, number),
                now,
                after=after if number == first else "",
                consistent=consistent,
                page_size=page_size,
            )
            for number in range(first, end)
        ]
        async with aclosing(self._table.query(*queries)) as rows:
            async for row in rows:
                yield Subscriber.from_record(row)

    async def _shards(self, channel: str, now: int) -> int:
        head = await self._heads.get(channel, now=now)
        # A subscribe leaves a HEAD that outlives the subscription. Without a HEAD there are no subscribers.
        return 0 if head is None else head.shards

    async def _add(self, connection: Connection, wanted: Mapping[str, Channel], now: int) -> set[str]:
        new = dict(wanted)
        while new:
            try:
                await self._table.write(*self._addition(connection, new.values(), now), now=now)
            except ConditionFailedError as refused:
                there = [name for place, name in enumerate(new) if 1 + 2 * place in refused.records]
                before, connection = connection, _reread(connection, refused)
                # If the connection's lifetime was extended meanwhile, its new subscriptions get the same
                # lifetime.
                if not there and connection.expires_at == before.expires_at:
                    raise SubscriptionLimitError(
                        f"a connection has at most {self._limit} subscriptions"
                    ) from None
                for name in there:
                    del new[name]
            else:
                break
        return set(new)

    def _addition(self, connection: Connection, channels: Collection[Channel], now: int) -> list[Write]:
        # The update checks that the connection is alive, because an ended one must not get new rows. It also
        # counts the subscriptions, so one of two requests at the limit wins. If the user's roles have changed
        # since they were checked, it is refused.
        roles = {} if connection.roles is None else {":roles": write_roles(connection.roles)}
        same = "user_roles = :roles" if roles else "attribute_not_exists(user_roles)"
        count = self._count(
            connection.connection_id,
            len(channels),
            sum(channel.watched for channel in channels),
            f"{schema.ALIVE} AND {schema.TTL_ATTRIBUTE} = :until AND {same}"
            " AND (attribute_not_exists(channels) OR channels <= :room)",
            {
                ":seconds": now // 1000,
                ":until": connection.expires_at,
                ":room": self._limit - len(channels),
                **roles,
            },
        )
        id_, expires_at = connection.connection_id, connection.expires_at
        rows: list[Write] = []
        for channel in channels:
            shard = schema.shard_of(id_, channel.shards)
            subscription = Subscription(id_, channel.name, shard, channel.watched, expires_at)
            subscriber = Subscriber(id_, connection.user_id, connection.connected_at, expires_at, shard)
            rows += [
                Put(subscription.to_record(self._prefix), schema.VACANT, {":seconds": now // 1000}),
                Put(subscriber.to_record(self._prefix, channel.name)),
            ]
        return [count, *rows]

    def _removal(self, connection_id: str, ending: Collection[Subscription], now: int) -> list[Write]:
        count = self._count(
            connection_id,
            -len(ending),
            -sum(each.watched for each in ending),
            schema.ALIVE,
            {":seconds": now // 1000},
        )
        rows: list[Write] = []
        for each in ending:
            subscription, subscriber = each.keys(self._prefix)
            rows += [Delete(subscription, schema.PRESENT), Delete(subscriber)]
        return [count, *rows]

    def _count(
        self, connection_id: str, channels: int, watched: int, condition: str, values: Mapping[str, int | str]
    ) -> Update:
        return Update(
            schema.connection_key(self._prefix, connection_id),
            "ADD channels :channels, watched :watched",
            condition,
            {":channels": channels, ":watched": watched, **values},
        )


def _reread(connection: Connection, refused: ConditionFailedError) -> Connection:
    if refused.is_gone(0):
        raise ConnectionGoneError("the connection has no row") from None
    found = Connection.from_record(refused.records[0]) if 0 in refused.records else connection
    if found.roles != connection.roles:
        raise TransactionConflictError("subscribe: the user's roles changed") from None
    return found
