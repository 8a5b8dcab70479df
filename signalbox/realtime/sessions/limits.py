"""How much anybody may send: first by what this sandbox has seen, for nothing, then by what all have.

The numbers are in the settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connection_store import Allowances, ConnectionManager, Rate
from connection_store.subscriptions import MOST_AT_ONCE
from signalbox.resolver import Context, MessageEvent, Next, RateLimitedError

from ..middleware import current_connection
from ..namespaces import Namespace, namespace_of
from ..settings import Settings

READING = frozenset({"hello", "ping", "whoami", "who", "channel.history", "presence.get"})
"""Messages that neither store anything nor are sent on: counted by each sandbox for itself."""

MOVES = frozenset({"channel.subscribe", "channel.unsubscribe"})
"""Messages that the subscribers of many channels may be told of: as much as a publication on each."""

PATIENCE = Rate(steady=0.5, burst=20)
"""How often one may be refused before one is disconnected."""

MOST = 10_000
"""Connections that a sandbox keeps in mind."""


class Buckets:
    """How much each connection has left of a rate, as far as this sandbox has seen it."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._busy_until: dict[str, int] = {}

    def take(self, connection_id: str, now: int) -> int:
        """Count one thing that a connection does; return how many milliseconds it should have waited."""
        busy_until = self._busy_until.get(connection_id, 0)
        if wait := self._rate.wait(busy_until, now):
            return wait
        if len(self._busy_until) >= MOST:
            self._forget(now)
        self._busy_until[connection_id] = self._rate.after(busy_until, now)
        return 0

    def forgive(self, connection_id: str) -> None:
        """Begin anew with a connection."""
        self._busy_until.pop(connection_id, None)

    def _forget(self, now: int) -> None:
        self._busy_until = {id_: until for id_, until in self._busy_until.items() if until > now}
        if len(self._busy_until) >= MOST:
            self._busy_until.clear()  # an approximation, and not to become a cost


@dataclass(frozen=True)
class Lot(Rate):
    """A rate of which `shares` are taken together: if there is one left, and the others are owed.

    So no number is too large to be allowed at all, and in the long run there are no more than `steady`.
    """

    shares: int = 1

    @property
    def interval(self) -> int:
        """What all of them take."""
        return self.shares * super().interval

    @property
    def tolerance(self) -> int:
        """As for one."""
        return (self.burst - 1) * super().interval


class Limits:
    """What connections may send, as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self._messages = Buckets(Rate(settings.message_rate, settings.message_burst))
        self._refusals = Buckets(PATIENCE)
        self._sending = Lot(settings.send_rate, settings.send_burst)

    async def admit(self, context: Context) -> None:
        """Count a message of any kind, before anything is read for it. Raises RateLimitedError."""
        event = context.event
        if wait := self._messages.take(event.connection_id, event.requested_at):
            await self._refuse(context, wait)

    async def count(self, context: Context) -> None:
        """Count one that stores or is sent on, exactly, and that its connection was heard of.

        Raises RateLimitedError, StoreError.
        """
        allowances: Allowances = context.services.allowances
        connection, rate = current_connection(context), replace(self._sending, shares=_shares(context))
        if wait := await allowances.take(connection, rate, now=context.event.requested_at):
            await self._refuse(context, wait)

    async def _refuse(self, context: Context, wait: int) -> None:
        event = context.event
        if self._refusals.take(event.connection_id, event.requested_at):
            # It ends once, and not for each of its messages that are on their way already.
            self._refusals.forgive(event.connection_id)
            # `identify` may not have had its turn.
            services = context.services.of(event.authorizer.get("tenant", ""))
            await services.attendance.evict(
                event.connection_id, "rate_limited", now=event.requested_at, time_left=context.time_left
            )
        raise RateLimitedError(details={"retry_after": wait / 1000})


async def limit_messages(context: Context, call_next: Next) -> Any:
    """Refuse those of a connection that sends too many."""
    if isinstance(context.event, MessageEvent):
        await context.services.limits.admit(context)
    return await call_next(context)


async def count_messages(context: Context, call_next: Next) -> Any:
    """Refuse those of a connection that others would have to bear; record, now and then, that it lives."""
    event = context.event
    if isinstance(event, MessageEvent):
        connections: ConnectionManager = context.services.connections
        if context.route_key is not None and context.route_key not in READING:
            await context.services.limits.count(context)
        elif connections.needs_touch(current_connection(context), event.requested_at):
            await connections.update_last_seen(event.connection_id, now=event.requested_at)
    return await call_next(context)


def _shares(context: Context) -> int:
    if context.route_key not in MOVES:
        return 1
    # Nobody has validated them yet: what makes no sense will do nothing, and counts as one.
    named = context.body.get("channels") if isinstance(context.body, dict) else None
    channels = named if isinstance(named, list) and len(named) <= MOST_AT_ONCE else []
    names = {str(each.get("channel") if isinstance(each, dict) else each) for each in channels}
    namespaces: Mapping[str, Namespace] = context.services.namespaces
    kinds = (namespaces.get(namespace_of(name)) for name in names)
    return max(1, sum(kind is not None and kind.join_leave for kind in kinds))
