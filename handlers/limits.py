"""How much anybody may send: first by what this sandbox has seen, for nothing, then by what all have.

The numbers are in the settings.
"""

from typing import Any

from connection_store import Allowances, ConnectionManager, Rate
from resolver import Context, MessageEvent, Next, RateLimitedError

from .middleware import current_connection
from .settings import Settings

READING = frozenset({"hello", "ping", "whoami", "who", "channel.history", "presence.get"})
"""Messages that neither store anything nor are sent on: counted by each sandbox for itself."""

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


class Limits:
    """What connections may send, as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self._messages = Buckets(Rate(settings.message_rate, settings.message_burst))
        self._refusals = Buckets(PATIENCE)
        self._sending = Rate(settings.send_rate, settings.send_burst)

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
        connection = current_connection(context)
        if wait := await allowances.take(connection, self._sending, now=context.event.requested_at):
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
