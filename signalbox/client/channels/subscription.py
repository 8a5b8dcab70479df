"""A subscription in the hands of the application."""

from collections.abc import AsyncIterator, Awaitable, Callable

from ..errors import ClosedError
from ..values import Item, Position
from .feed import Feed


class Subscription(AsyncIterator[Item]):
    """What is published on a channel, once each and in order, or a Gap that says what is missing.

    It ends when it is unsubscribed or its client is closed. Where the server refuses it, or the client ends
    for a reason of its own, taking the next item raises the ClientError.
    """

    def __init__(self, feed: Feed, leave: Callable[[Feed], Awaitable[None]]) -> None:
        self._feed = feed
        self._leave = leave

    @property
    def channel(self) -> str:
        """The name of the channel."""
        return self._feed.channel

    @property
    def position(self) -> Position | None:
        """That of the item taken last: what a later ``subscribe(…, since=…)`` goes on after.

        None before the server has answered, and on channels without history.
        """
        return self._feed.given

    async def subscribed(self) -> None:
        """Return when the server has answered for the first time. Raises ClientError if it ends before."""
        await self._feed.answered.wait()
        if not self._feed.made:
            raise self._feed.failure or ClosedError("the subscription has ended")

    async def unsubscribe(self) -> None:
        """Leave the channel; what waits may still be taken. Raises ClientError if the server would not."""
        await self._leave(self._feed)

    async def __anext__(self) -> Item:
        item = await anext(self._feed.inbox)
        self._feed.given = item.position or self._feed.given
        return item
