"""Subscriptions: clients subscribe, recover what they missed, and unsubscribe."""

from collections.abc import Iterable

from connection_store import Connection, History, Position, Subscribed, Subscriptions
from connection_store.subscriptions import MOST_AT_ONCE
from signalbox import protocol
from signalbox.identity.principal import Principal
from signalbox.moment import Moment
from signalbox.protocol import StreamPosition

from ..namespaces import Namespace
from ..policy import Policy
from ..presence.announcements import Announcements
from .content import ROOM, SMALLEST, size_of, to_entry, to_wire_position

BEAT, WATCHED_BEAT = 480, 60
"""Seconds between two heartbeats (F08): API Gateway allows ten minutes, presence wants more."""


def beat(watched: bool) -> int:
    """Return the most seconds that may pass between two requests of a connection."""
    return WATCHED_BEAT if watched else BEAT


class Channels:
    """Subscribes and unsubscribes connections.

    Everything raises StoreError, UnknownChannelError, and ForbiddenError for callers who may not.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        history: History,
        announcements: Announcements,
        policy: Policy,
    ) -> None:
        self._subscriptions = subscriptions
        self._history = history
        self._announcements = announcements
        self._policy = policy

    async def subscribe(
        self,
        connection: Connection,
        principal: Principal,
        requests: Iterable[protocol.ChannelRequest],
        moment: Moment,
    ) -> protocol.Subscribed:
        """Subscribe to all of `requests` or to none, then read what was missed (G3).

        A client that comes back is judged anew (S06): what it missed is history, and anybody can make up a
        position. Raises SubscriptionLimitError, TransactionConflictError, ConnectionGoneError.
        """
        wanted = {request.channel: request.since for request in requests}
        for name, since in wanted.items():
            if since is not None:
                self._policy.admit_to(principal, "history", name)
        channels = [self._admit(principal, name).channel(name) for name in wanted]
        subscribed = await self._subscriptions.subscribe(connection, channels, now=moment.now)
        answers: list[protocol.Subscription] = []
        room = ROOM
        for each in subscribed:
            answers.append(await self._recover(each, wanted[each.channel.name], room, moment.now))
            room -= size_of(answers[-1].publications)
        await self._announcements.announce_joins(connection, subscribed, moment)
        watched = any(each.watched for each in channels) or await self._is_watched(connection, moment.now)
        return protocol.Subscribed(channels=answers, beat=beat(watched))

    async def unsubscribe(
        self, connection: Connection, names: Iterable[str], moment: Moment
    ) -> protocol.Unsubscribed:
        """End subscriptions. Raises TransactionConflictError, ConnectionGoneError."""
        ended = await self._subscriptions.unsubscribe(connection.connection_id, names, now=moment.now)
        await self._announcements.announce_leaves(connection, ended, moment)
        watched = await self._is_watched(connection, moment.now)
        return protocol.Unsubscribed(channels=[each.channel for each in ended], beat=beat(watched))

    async def review(
        self, connection: Connection, principal: Principal, moment: Moment
    ) -> protocol.Unsubscribed | None:
        """End the subscriptions that `principal` may no longer have (G6); return the frame that says so.

        The connection's row has the new roles already: a subscribe with the old ones at the same time is
        refused. Raises TransactionConflictError, ConnectionGoneError.
        """
        present = await self._subscriptions.subscriptions_of(connection.connection_id, now=moment.now)
        lost = [each.channel for each in present if not self._policy.keeps(principal, each.channel)]
        answer: protocol.Unsubscribed | None = None
        for first in range(0, len(lost), MOST_AT_ONCE):
            answer = await self.unsubscribe(connection, lost[first : first + MOST_AT_ONCE], moment)
        return answer and answer.model_copy(update={"channels": lost})

    def _admit(self, principal: Principal, channel: str) -> Namespace:
        return self._policy.admit_to(principal, "subscribe", channel)

    async def _is_watched(self, connection: Connection, now: int) -> bool:
        # The connection's own row was read a moment ago, and the beat it says may be too long: then the
        # sweep would end a connection that lives.
        present = await self._subscriptions.subscriptions_of(connection.connection_id, now=now)
        return any(each.watched for each in present)

    async def _recover(
        self, subscribed: Subscribed, since: StreamPosition | None, room: int, now: int
    ) -> protocol.Subscription:
        channel, head = subscribed.channel, subscribed.head
        position = to_wire_position(head.position) if channel.history_size else None
        recovered, entries = None if since is None else False, list[protocol.Entry]()
        if since is not None and position is not None:
            recovery = await self._history.recover(
                channel,
                Position(since.epoch, since.offset),
                head,
                limit=room // SMALLEST,
                room=room,
                now=now,
            )
            missed = [to_entry(each) for each in recovery.publications]
            # All of it or nothing: a part would look like the whole.
            if recovered := recovery.recovered and size_of(missed) <= room:
                entries = missed
        return protocol.Subscription(
            channel=channel.name, position=position, recovered=recovered, publications=entries
        )
