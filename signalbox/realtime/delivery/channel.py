"""Frames to the subscribers of a channel."""

from collections.abc import AsyncGenerator, Container
from contextlib import aclosing
from typing import Literal

from connection_store import Channel, Subscriber, Subscriptions
from signalbox.moment import Moment
from signalbox.protocol import Frame
from signalbox.protocol.encoding import encode

from .delivery import Delivery, check_depth, stream
from .queue import DeliveryQueue

LARGEST_ROOM_TOLD = 100
"""Subscribers up to which joins and leaves are told. In larger rooms each would cost as much as a message."""


class ChannelDelivery:
    """Sends to the subscribers of a channel.

    Audiences larger than `inline_recipients` are queued for the workers. Recipients not reached before the
    deadline are queued as well. Without a `queue` all are served at once, as far as time allows.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        delivery: Delivery,
        queue: DeliveryQueue | None,
        inline_recipients: int,
    ) -> None:
        self._subscriptions = subscriptions
        self._delivery = delivery
        self._queue = queue
        self._inline_recipients = inline_recipients

    async def send(
        self, channel: Channel, shards: int, frame: bytes, broadcast_id: str, moment: Moment
    ) -> Literal["inline", "queued"]:
        """Send `frame` to all subscribers in `shards` shards, or queue it.

        `broadcast_id` is another one each time. Raises NestedDeliveryError, StoreError, and QueueError. After
        a QueueError some may receive the frame nevertheless.
        """
        check_depth()
        # An eventual read would miss a subscriber that was just told that it missed nothing (G3).
        consistent = channel.history_size > 0
        page_size = self._inline_recipients + 1 if self._queue else None
        subscribers = self._subscriptions.subscribers(
            channel.name, shards=shards, consistent=consistent, page_size=page_size, now=moment.now
        )
        if self._queue is None:
            await self._delivery.deliver(frame, subscribers, moment=moment)
            return "inline"
        first = await _take(subscribers, self._inline_recipients + 1)
        if len(first) > self._inline_recipients:
            await self._queue.add(broadcast_id, frame, shards=shards, channel=channel.name, moment=moment)
            return "queued"
        report = await self._delivery.deliver(frame, stream(first), moment=moment)
        if report.complete:
            return "inline"
        await self._queue.resume(broadcast_id, frame, report, channel=channel.name, moment=moment)
        return "queued"

    async def tell(
        self,
        channel: str,
        frame: Frame,
        *,
        shards: int | None = None,
        excluding: Container[str],
        moment: Moment,
    ) -> None:
        """Send `frame` to all subscribers but the connections in `excluding`.

        Nothing is sent to more than `LARGEST_ROOM_TOLD` subscribers. Raises StoreError.
        """
        subscribers = self._subscriptions.subscribers(
            channel, shards=shards, page_size=LARGEST_ROOM_TOLD + 1, now=moment.now
        )
        found = await _take(subscribers, LARGEST_ROOM_TOLD + 1)
        others = [each for each in found if each.connection_id not in excluding]
        if others and len(found) <= LARGEST_ROOM_TOLD:
            await self._delivery.deliver(encode(frame), stream(others), moment=moment)


async def _take(subscribers: AsyncGenerator[Subscriber, None], most: int) -> list[Subscriber]:
    found: list[Subscriber] = []
    async with aclosing(subscribers):
        async for subscriber in subscribers:
            found.append(subscriber)
            if len(found) == most:
                break
    return found
