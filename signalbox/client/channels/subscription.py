"""The subscription that the application reads."""

from collections.abc import AsyncIterator, Awaitable, Callable

from ..errors import ClosedError
from ..values import Item, Position
from .state import SubscriptionState


class Subscription(AsyncIterator[Item]):
    """The publications of a channel, each once and in order. A Gap stands where some are missing.

    Iterate over it with ``async for``. The iteration ends when you unsubscribe or close the client. It raises
    a ClientError when the server refuses the subscription or ends the client.
    """

    def __init__(
        self, state: SubscriptionState, leave: Callable[[SubscriptionState], Awaitable[None]]
    ) -> None:
        self._state = state
        self._leave = leave

    @property
    def channel(self) -> str:
        """The name of the channel."""
        return self._state.channel

    @property
    def position(self) -> Position | None:
        """The position of the item taken last. Pass it to ``subscribe(…, since=…)`` to go on after that item.

        None before the server has answered, and on channels without history.
        """
        return self._state.taken_position

    async def subscribed(self) -> None:
        """Wait until the server has accepted the subscription. Raises ClientError if it refuses."""
        await self._state.answered.wait()
        if not self._state.was_subscribed:
            raise self._state.failure or ClosedError("the subscription has ended")

    async def unsubscribe(self) -> None:
        """Unsubscribe. Queued items can still be taken. Raises ClientError if the request fails."""
        await self._leave(self._state)

    async def __anext__(self) -> Item:
        item = await anext(self._state.queue)
        self._state.taken_position = item.position or self._state.taken_position
        return item
