"""Rate limits: first by what this sandbox has seen, at no cost, then exactly, in the store."""

from dataclasses import dataclass, replace

from connection_store import Allowances, Connection, Rate
from connection_store.subscriptions import MOST_AT_ONCE
from signalbox.resolver import Context, MessageEvent, RateLimitedError

from ..namespaces import Namespaces, namespace_of
from ..settings import RealtimeSettings

MOVES = frozenset({"channel.subscribe", "channel.unsubscribe"})
"""Messages that many subscribers may be told of. They count as a publication on each channel."""

TOLERATED_REFUSALS = Rate(steady=0.5, burst=20)
"""Refusals of one connection before it is closed."""

MOST_CONNECTIONS = 10_000
"""Connections whose counts a sandbox keeps."""


class Buckets:
    """Token buckets (GCRA) of connections, as far as this sandbox has seen them."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._busy_until: dict[str, int] = {}

    def take(self, connection_id: str, now: int) -> int:
        """Count one message of a connection; return the milliseconds it should have waited."""
        busy_until = self._busy_until.get(connection_id, 0)
        if wait := self._rate.wait(busy_until, now):
            return wait
        if len(self._busy_until) >= MOST_CONNECTIONS:
            self._forget(now)
        self._busy_until[connection_id] = self._rate.after(busy_until, now)
        return 0

    def forgive(self, connection_id: str) -> None:
        """Forget the refusals of a connection."""
        self._busy_until.pop(connection_id, None)

    def _forget(self, now: int) -> None:
        self._busy_until = {id_: until for id_, until in self._busy_until.items() if until > now}
        if len(self._busy_until) >= MOST_CONNECTIONS:
            self._busy_until.clear()  # an approximation, and not to become a cost


@dataclass(frozen=True)
class Bundle(Rate):
    """A rate of which `shares` are taken at once, as soon as one is left (token-bucket debt).

    A request may exceed the remaining allowance. The excess is deducted from later messages.
    """

    shares: int = 1

    @property
    def interval(self) -> int:
        """Milliseconds that all shares take."""
        return self.shares * super().interval

    @property
    def tolerance(self) -> int:
        """Burst tolerance in milliseconds, the same as for one share."""
        return (self.burst - 1) * super().interval


class Limits:
    """The rate limits of connections, from the settings."""

    def __init__(self, settings: RealtimeSettings, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._messages = Buckets(Rate(settings.message_rate, settings.message_burst))
        self._refusals = Buckets(TOLERATED_REFUSALS)
        self._sending = Bundle(settings.send_rate, settings.send_burst)

    def count_here(self, event: MessageEvent) -> None:
        """Count a message of any kind, before anything is read for it. Raises RateLimitedError."""
        if wait := self._messages.take(event.connection_id, event.requested_at):
            raise self.refusal(wait)

    async def count_exactly(self, context: Context, connection: Connection, allowances: Allowances) -> None:
        """Count a message that stores or sends something, across all sandboxes.

        The same request records that the connection was heard of. Raises RateLimitedError, StoreError.
        """
        rate = replace(self._sending, shares=self._shares(context))
        if wait := await allowances.take(connection, rate, now=context.event.requested_at):
            raise self.refusal(wait)

    def is_abusive(self, event: MessageEvent) -> bool:
        """Count a refusal, and tell whether the connection is to be closed for it."""
        if not self._refusals.take(event.connection_id, event.requested_at):
            return False
        # It is closed once, and not for each of its messages that are on their way already.
        self._refusals.forgive(event.connection_id)
        return True

    @staticmethod
    def refusal(wait: int) -> RateLimitedError:
        """Return the error for a message that came `wait` milliseconds too early."""
        return RateLimitedError(details={"retry_after": wait / 1_000})

    def _shares(self, context: Context) -> int:
        if context.route_key not in MOVES:
            return 1
        # Nothing is validated yet: a body that makes no sense will do nothing, and counts as one.
        named = context.body.get("channels") if isinstance(context.body, dict) else None
        channels = named if isinstance(named, list) and len(named) <= MOST_AT_ONCE else []
        names = {str(each.get("channel") if isinstance(each, dict) else each) for each in channels}
        kinds = (self._namespaces.get(namespace_of(name)) for name in names)
        return max(1, sum(kind is not None and kind.join_leave for kind in kinds))
