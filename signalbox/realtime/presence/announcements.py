"""Joins and leaves: the subscribers of a channel are told about them."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from connection_store import Connection, EndedConnection, StoreError, Subscribed, Subscription
from signalbox.moment import Moment
from signalbox.observability import logger
from signalbox.protocol import Joined, Left, PresentConnection

from ..delivery.channel import ChannelDelivery
from ..namespaces import Namespaces, namespace_of

JoinOrLeave = type[Joined] | type[Left]


class _Change(NamedTuple):
    connection: Connection
    channel: str
    shards: int | None = None


class Announcements:
    """Announces joins and leaves on the channels whose namespace asks for it.

    `channels_of` returns the deliveries of a tenant: a sweep announces for all tenants.
    """

    def __init__(self, channels_of: Callable[[str], ChannelDelivery], namespaces: Namespaces) -> None:
        self._channels_of = channels_of
        self._namespaces = namespaces

    async def announce_joins(
        self, connection: Connection, subscribed: Iterable[Subscribed], moment: Moment
    ) -> None:
        """Announce `connection` on the channels that are new to it. Failures are logged, no more."""
        changes = [
            _Change(connection, each.channel.name, each.head.shards) for each in subscribed if each.new
        ]
        await self._try(Joined, changes, moment)

    async def announce_leaves(
        self, connection: Connection, ended: Iterable[Subscription], moment: Moment
    ) -> None:
        """Announce that `connection` has left channels. Failures are logged, no more."""
        await self._try(Left, [_Change(connection, each.channel) for each in ended], moment)

    async def announce_ends(self, ended: Iterable[EndedConnection], moment: Moment) -> None:
        """Announce that connections have left all their channels. Raises StoreError."""
        changes = [
            _Change(each.connection, subscription.channel)
            for each in ended
            for subscription in each.subscriptions
            if each.connection
        ]
        await self._announce(Left, changes, moment)

    async def _try(self, kind: JoinOrLeave, changes: Collection[_Change], moment: Moment) -> None:
        try:
            await self._announce(kind, changes, moment)
        except StoreError as error:  # the subscription itself has been made or ended
            logger.warning("joins or leaves not announced", extra={"error": type(error).__name__})

    async def _announce(self, kind: JoinOrLeave, changes: Collection[_Change], moment: Moment) -> None:
        changing = {each.connection.connection_id for each in changes}
        try:
            # Not gather: with the first that fails all end, and none goes on beside the caller's next step.
            async with asyncio.TaskGroup() as announcing:
                for each in changes:
                    if self._is_announced(each.channel):
                        channels = self._channels_of(each.connection.partition)
                        frame = _frame(kind, each)
                        announcing.create_task(
                            channels.tell(
                                each.channel, frame, shards=each.shards, excluding=changing, moment=moment
                            )
                        )
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _is_announced(self, channel: str) -> bool:
        namespace = self._namespaces.get(namespace_of(channel))
        return namespace is not None and namespace.join_leave


def _frame(kind: JoinOrLeave, change: _Change) -> Joined | Left:
    connection = change.connection
    present = PresentConnection(name=connection.name or "", connected_at=connection.connected_at)
    return kind(channel=change.channel, user_id=connection.user_id or "", connection=present)
