"""The state of one subscription in the client: its order, its queue, and the connections that bring it."""

import asyncio
from collections.abc import Iterable

from ..connection.connection import Connection
from ..errors import ClientError
from ..values import Item, Position, Publication
from .decoding import SubscribeResult
from .queue import BoundedQueue
from .reordering import ReorderBuffer


class SubscriptionState:
    """One subscription. ``taken_position`` is the position of the last item the application took."""

    def __init__(self, channel: str, since: Position | None, limit: int) -> None:
        self.channel = channel
        self.buffer = ReorderBuffer(channel, since)
        self.queue: BoundedQueue[Publication] = BoundedQueue(channel, limit)
        self.taken_position = since
        self.answered = asyncio.Event()
        self.failure: ClientError | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.recovering = False
        self._subscribed_on: set[Connection] = set()

    @property
    def was_subscribed(self) -> bool:
        """Whether the server has ever accepted the subscription."""
        return bool(self._subscribed_on)

    @property
    def connections(self) -> set[Connection]:
        """The open connections that bring the channel. There are two while one replaces the other."""
        return {connection for connection in self._subscribed_on if not connection.ended.done()}

    @property
    def connection(self) -> Connection | None:
        """The newest of the connections."""
        return max(self.connections, key=lambda connection: connection.opened_at, default=None)

    @property
    def request_fields(self) -> dict[str, object]:
        """The channel as a ``channel.subscribe`` request names it."""
        since = self.buffer.position
        return {"channel": self.channel, **({"since": since.fields()} if since else {})}

    def take(self, publication: Publication) -> None:
        """Take a publication from the server."""
        self.deliver(self.buffer.take(publication))

    def resume(self, result: SubscribeResult, connection: Connection) -> None:
        """Note that the server has subscribed a connection to the channel."""
        self._subscribed_on = {*self.connections, connection}
        items = self.buffer.resume(result.position, result.recovered, result.publications)
        if self.taken_position is None:
            self.taken_position = result.position
        self.deliver(items)
        self.answered.set()

    def end(self, error: ClientError | None = None) -> None:
        """End the subscription. The application gets the error after the items that are queued."""
        self.cancel_timer()
        self.failure = self.failure or error
        self.queue.end(error)
        self.answered.set()

    def deliver(self, items: Iterable[Item]) -> None:
        """Queue items for the application."""
        for item in items:
            self.queue.put(item)

    def cancel_timer(self) -> None:
        """Cancel the recovery that was scheduled, if there is one."""
        if self.timer:
            self.timer.cancel()
            self.timer = None
