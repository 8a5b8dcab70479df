"""The subscribers of a channel, and frames on their way to them."""

from collections.abc import AsyncGenerator, Callable, Container
from contextlib import aclosing
from typing import Literal

from connection_store import Channel, Subscriber, Subscriptions
from signalbox.protocol import Frame

from .backlog import Backlog
from .delivery import Courier, check_depth, encode, stream

ANNOUNCED = 100
"""Subscribers up to whom joins and leaves are told: among more, every one of them would cost as much."""


class Audience:
    """Sends to whoever is subscribed to a channel.

    More than `inline_recipients` are left to the workers behind `backlog`, and so is who had no turn before
    time ran out; without one, all are served at once, as far as time allows. `now` is epoch milliseconds,
    `time_left` gives seconds.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        courier: Courier,
        backlog: Backlog | None,
        inline_recipients: int,
    ) -> None:
        self._subscriptions = subscriptions
        self._courier = courier
        self._backlog = backlog
        self._inline_recipients = inline_recipients

    async def send(
        self,
        channel: Channel,
        shards: int,
        frame: bytes,
        broadcast_id: str,
        *,
        now: int,
        time_left: Callable[[], float],
    ) -> Literal["inline", "queued"]:
        """Send `frame` to all, in `shards` shards, or see to it that it will be.

        `broadcast_id` is another one each time. Raises NestedDeliveryError, StoreError, and QueueError: then
        some may receive it nevertheless.
        """
        check_depth()
        # An eventual read would miss who subscribed just before, and has been told nothing was missed (G3).
        consistent = channel.history_size > 0
        page_size = self._inline_recipients + 1 if self._backlog else None
        subscribers = self._subscriptions.subscribers(
            channel.name, shards=shards, consistent=consistent, page_size=page_size, now=now
        )
        if self._backlog is None:
            await self._courier.deliver(frame, subscribers, now=now, time_left=time_left)
            return "inline"
        first = await _take(subscribers, self._inline_recipients + 1)
        if len(first) > self._inline_recipients:
            await self._backlog.add(broadcast_id, frame, shards=shards, audience=channel.name, now=now)
            return "queued"
        report = await self._courier.deliver(frame, stream(first), now=now, time_left=time_left)
        if report.complete:
            return "inline"
        await self._backlog.resume(broadcast_id, frame, report, audience=channel.name, now=now)
        return "queued"

    async def tell(
        self,
        channel: str,
        frame: Frame,
        *,
        shards: int | None = None,
        besides: Container[str],
        now: int,
        time_left: Callable[[], float],
    ) -> None:
        """Send `frame` to all subscribers but some connections, unless there are too many to be `ANNOUNCED`.

        Raises StoreError.
        """
        subscribers = self._subscriptions.subscribers(
            channel, shards=shards, page_size=ANNOUNCED + 1, now=now
        )
        found = await _take(subscribers, ANNOUNCED + 1)
        others = [each for each in found if each.connection_id not in besides]
        if others and len(found) <= ANNOUNCED:
            await self._courier.deliver(encode(frame), stream(others), now=now, time_left=time_left)


async def _take(subscribers: AsyncGenerator[Subscriber, None], most: int) -> list[Subscriber]:
    found: list[Subscriber] = []
    async with aclosing(subscribers):
        async for subscriber in subscribers:
            found.append(subscriber)
            if len(found) == most:
                break
    return found
