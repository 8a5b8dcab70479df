"""What one can do with channels, from the rules of their namespaces to the frames that answer."""

from collections.abc import Callable, Iterable, Mapping

from connection_store import Connection, History, Position, Presence, Subscribed, Subscriptions
from connection_store.subscriptions import MOST_AT_ONCE
from signalbox import protocol
from signalbox.identity.principal import Principal
from signalbox.protocol import StreamPosition
from signalbox.resolver import ForbiddenError

from ..errors import UnknownChannelError
from ..namespaces import Namespace, find_namespace
from ..policy import Deed, Policy
from ..presence.attendance import Attendance
from .content import ROOM, SMALLEST, fit, size_of, to_entry, to_place, to_position

BEAT, WATCHED_BEAT = 480, 60
"""Seconds between two signs of life (F08): API Gateway allows ten minutes, presence wants more."""


def beat(watched: bool) -> int:
    """Return the most seconds that may pass between two requests of a connection."""
    return WATCHED_BEAT if watched else BEAT


class Channels:
    """Subscribing, history and presence.

    `now` is epoch milliseconds, `time_left` gives seconds. Everything raises StoreError, UnknownChannelError,
    and ForbiddenError for who may not.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        history: History,
        presence: Presence,
        attendance: Attendance,
        namespaces: Mapping[str, Namespace],
        policy: Policy,
    ) -> None:
        self._subscriptions = subscriptions
        self._history = history
        self._presence = presence
        self._attendance = attendance
        self._namespaces = namespaces
        self._policy = policy

    async def subscribe(
        self,
        connection: Connection,
        principal: Principal,
        wishes: Iterable[protocol.ChannelRequest],
        *,
        now: int,
        time_left: Callable[[], float],
    ) -> protocol.Subscribed:
        """Subscribe to all of `wishes` or to none, then read what was missed (G3).

        A connection that comes back is asked again whether it may (S06): what was missed is history, and
        anybody can make up a position. Raises SubscriptionLimitError, TransactionConflictError,
        ConnectionGoneError.
        """
        wanted = {wish.channel: wish.since for wish in wishes}
        for name, since in wanted.items():
            if since is not None:
                self._policy.admit_to(principal, "history", name)
        channels = [self._admit(principal, "subscribe", name).channel(name) for name in wanted]
        subscribed = await self._subscriptions.subscribe(connection, channels, now=now)
        answers: list[protocol.Subscription] = []
        room = ROOM
        for each in subscribed:
            answers.append(await self._recover(each, wanted[each.channel.name], room, now))
            room -= size_of(answers[-1].publications)
        await self._attendance.announce(connection, subscribed, now=now, time_left=time_left)
        watched = any(each.watched for each in channels) or await self._is_watched(connection, now)
        return protocol.Subscribed(channels=answers, beat=beat(watched))

    async def unsubscribe(
        self,
        connection: Connection,
        names: Iterable[str],
        *,
        now: int,
        time_left: Callable[[], float],
    ) -> protocol.Unsubscribed:
        """End subscriptions. Raises TransactionConflictError, ConnectionGoneError."""
        ended = await self._subscriptions.unsubscribe(connection.connection_id, names, now=now)
        await self._attendance.excuse(connection, ended, now=now, time_left=time_left)
        watched = await self._is_watched(connection, now)
        return protocol.Unsubscribed(channels=[each.channel for each in ended], beat=beat(watched))

    async def review(
        self, connection: Connection, principal: Principal, *, now: int, time_left: Callable[[], float]
    ) -> protocol.Unsubscribed | None:
        """End the subscriptions that `principal` may no longer have (G6); return what to tell them, if any.

        The connection's row has the new roles already: whoever subscribes with the old ones at the same time
        is refused. Raises TransactionConflictError, ConnectionGoneError.
        """
        present = await self._subscriptions.subscriptions_of(connection.connection_id, now=now)
        lost = [each.channel for each in present if not self._policy.keeps(principal, each.channel)]
        answer: protocol.Unsubscribed | None = None
        for first in range(0, len(lost), MOST_AT_ONCE):
            some = lost[first : first + MOST_AT_ONCE]
            answer = await self.unsubscribe(connection, some, now=now, time_left=time_left)
        return answer and answer.model_copy(update={"channels": lost})

    async def history(
        self, principal: Principal, wish: protocol.GetHistory, *, now: int
    ) -> protocol.HistoryPage:
        """Return publications of a channel, as many as are asked for and fit. Raises HistoryGoneError."""
        channel = self._admit(principal, "history", wish.channel).channel(wish.channel)
        if not channel.history_size:
            return protocol.HistoryPage(channel=channel.name, position=None, publications=[], more=False)
        page = await self._history.page(
            channel,
            since=to_position(wish.since),
            until=to_position(wish.until),
            limit=wish.limit,
            reverse=wish.reverse,
            now=now,
        )
        entries = fit(page.publications)
        return protocol.HistoryPage(
            channel=channel.name,
            position=to_place(page.head.position) if page.head else None,
            publications=entries,
            more=page.more or len(entries) < len(page.publications),
        )

    async def attendance(
        self, principal: Principal, wish: protocol.GetPresence, *, now: int
    ) -> protocol.Presence:
        """Return who is on a channel."""
        self._policy.admit_to(principal, "presence", wish.channel)
        found = await self._presence.get(wish.channel, cap=wish.limit, now=now)
        users = [
            protocol.PresentUser(
                user_id=user.user_id,
                connections=[
                    protocol.PresentConnection(name=each.name or "", connected_at=each.connected_at)
                    for each in user.connections
                ],
            )
            for user in found.users
        ]
        return protocol.Presence(channel=wish.channel, users=users, count=found.count)

    async def behind(
        self, principal: Principal, positions: Mapping[str, StreamPosition], *, now: int
    ) -> dict[str, StreamPosition]:
        """Return where those channels are that have gone on since `positions`.

        Left out, and for nothing, are channels one may not be on, and those without positioning: a client
        that lost a role, or whose namespace is no more, is to hear of its other channels all the same.
        """
        names = [name for name in positions if self._is_followed(principal, name)]
        heads = await self._history.heads(names, now=now) if names else {}
        return {
            name: to_place(head.position)
            for name, head in heads.items()
            if head.epoch != positions[name].epoch or head.offset > positions[name].offset
        }

    def _admit(self, principal: Principal, deed: Deed, channel: str) -> Namespace:
        self._policy.admit_to(principal, deed, channel)
        return find_namespace(channel, self._namespaces)

    def _is_followed(self, principal: Principal, channel: str) -> bool:
        try:
            return self._admit(principal, "subscribe", channel).positioning
        except (ForbiddenError, UnknownChannelError):
            return False

    async def _is_watched(self, connection: Connection, now: int) -> bool:
        # The connection's own row was read a moment ago, and the beat it says may be too long: then the
        # sweep would end a connection that lives.
        present = await self._subscriptions.subscriptions_of(connection.connection_id, now=now)
        return any(each.watched for each in present)

    async def _recover(
        self, subscribed: Subscribed, since: StreamPosition | None, room: int, now: int
    ) -> protocol.Subscription:
        channel, head = subscribed.channel, subscribed.head
        position = to_place(head.position) if channel.history_size else None
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
