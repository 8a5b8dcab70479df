"""The registry of subscriptions: subscribes each connection to them and recovers missing publications."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from ..connection.backoff import Backoff
from ..connection.connection import Connection
from ..errors import (
    ClientError,
    ClosedError,
    LostError,
    MalformedError,
    RequestError,
    SubscribedError,
    UnansweredError,
)
from ..settings import Settings
from ..tasks import Tasks
from ..values import CHANNEL, Item, Position, Publication
from .decoding import SubscribeResult, read_page, read_subscribe_results
from .state import SubscriptionState

BATCH = 49
"""The maximum number of channels in one ``channel.subscribe``."""

PAGE = 100
"""The maximum number of publications in one page of history."""


class SubscriptionRegistry:
    """The subscriptions of a client, one per channel. Calls ``changed`` after one was made or has ended."""

    def __init__(
        self, settings: Settings, random: Callable[[], float], tasks: Tasks, changed: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._random = random
        self._tasks = tasks
        self._changed = changed
        self._subscriptions: dict[str, SubscriptionState] = {}
        self._leaving: dict[asyncio.Future[None], tuple[Connection, str]] = {}

    def add(self, channel: str, since: Position | None) -> SubscriptionState:
        """Add a subscription.

        Raises SubscribedError, PositionError, and ValueError for a name that no channel can have.
        """
        if not CHANNEL.fullmatch(channel):  # the server would refuse the whole batch
            raise ValueError(f"{channel!r} is not a channel name: use 1 to 128 of A-Z a-z 0-9 _ : . -")
        if since:
            Position.parse(str(since))
        if channel in self._subscriptions:
            raise SubscribedError(f"{channel} is subscribed to already")
        added = self._subscriptions[channel] = SubscriptionState(channel, since, self._settings.queue)
        return added

    def remove(self, subscription: SubscriptionState, error: ClientError | None = None) -> None:
        """End a subscription. Without an error the application has unsubscribed."""
        subscription.end(error)
        if self._is_current(subscription):
            del self._subscriptions[subscription.channel]

    def revoke(self, channels: Iterable[str]) -> None:
        """End the subscriptions that the server has taken back."""
        for channel in channels:
            if subscription := self._subscriptions.get(channel):
                self.remove(subscription, RequestError({"code": "forbidden", "channel": channel}))
        self._changed()

    def end(self, error: ClientError | None) -> None:
        """End all subscriptions."""
        for subscription in self._subscriptions.values():
            subscription.end(error)

    def find(self, channel: str) -> SubscriptionState | None:
        """Return the subscription to a channel, if there is one."""
        return self._subscriptions.get(channel)

    def missing_on(self, connection: Connection) -> list[SubscriptionState]:
        """Return the subscriptions that a connection does not bring yet."""
        return [each for each in self._subscriptions.values() if connection not in each.connections]

    def positions(self) -> dict[str, Position]:
        """Return the position in each channel that has one."""
        found = ((name, each.buffer.position) for name, each in self._subscriptions.items())
        return {name: position for name, position in found if position}

    def take(self, publication: Publication) -> None:
        """Take a publication from the server. Publications of other channels are ignored."""
        if subscription := self._subscriptions.get(publication.channel):
            subscription.take(publication)
            self._schedule_recovery(subscription)

    def catch_up(self, connection: Connection, behind: Mapping[str, Position]) -> None:
        """Recover the publications of channels up to the server's positions."""
        for channel, head in behind.items():
            found = self._subscriptions.get(channel)
            if found and connection in found.connections and not found.recovering:
                self._start_recovery(found, head)

    async def subscribe(self, connection: Connection, subscriptions: Iterable[SubscriptionState]) -> None:
        """Subscribe a connection, batch by batch. Raises LostError and ClosedError."""
        backoff = Backoff(self._settings.retry_pause, self._settings, self._random)
        waiting, size = deque(subscriptions), BATCH
        while waiting:
            batch = [waiting.popleft() for _ in range(min(size, len(waiting)))]
            try:
                await self._subscribe(connection, batch)
            except UnansweredError:
                waiting.extendleft(reversed(batch))
            except RequestError as error:
                if connection.ended.done():  # the error is about the connection, not about a channel
                    raise LostError(str(error)) from error
                left = self._refuse(batch, error)
                waiting.extendleft(reversed(left))
                if error.retry:
                    await asyncio.sleep(backoff.pause(error.retry_after))
                elif left == batch:
                    size = 1  # the server does not say which channel it refuses

    async def _subscribe(self, connection: Connection, batch: list[SubscriptionState]) -> None:
        await self._wait_for_unsubscribes(connection, batch)
        batch = [each for each in batch if self._is_current(each)]
        if not batch:
            return
        fields = {"channels": [each.request_fields for each in batch]}
        reply = await connection.request("channel.subscribe", fields)
        try:
            results = {result.channel: result for result in read_subscribe_results(reply)}
            self._resume(connection, [(each, results[each.channel]) for each in batch])
        except (KeyError, MalformedError) as error:
            connection.drop(LostError("the server's answer to a subscribe makes no sense"))
            raise LostError(str(connection.ended.result())) from error

    def _resume(
        self, connection: Connection, results: list[tuple[SubscriptionState, SubscribeResult]]
    ) -> None:
        for subscription, result in results:
            subscription.resume(result, connection)
            self._schedule_recovery(subscription)
            if subscription.channel not in self._subscriptions and not subscription.failure:
                # The application unsubscribed while the request was under way.
                self._tasks.start(self._unsubscribe_quietly(connection, subscription))
        self._changed()

    async def leave(self, subscription: SubscriptionState) -> None:
        """Unsubscribe on every connection that brings the channel. Raises ClientError."""
        await asyncio.gather(*(self._leave(each, subscription) for each in subscription.connections))

    async def _leave(self, connection: Connection, subscription: SubscriptionState) -> None:
        left = asyncio.get_running_loop().create_future()
        self._leaving[left] = connection, subscription.channel
        try:
            with suppress(LostError, ClosedError):  # the end of the connection ends the subscription
                await connection.request("channel.unsubscribe", {"channels": [subscription.channel]})
        finally:
            del self._leaving[left]
            left.set_result(None)

    async def _wait_for_unsubscribes(self, connection: Connection, batch: list[SubscriptionState]) -> None:
        # The server runs requests of one connection side by side. An earlier unsubscribe could otherwise
        # end a later subscription.
        places = {(connection, each.channel) for each in batch}
        while leaving := [left for left, place in self._leaving.items() if place in places]:
            await asyncio.wait(leaving)

    async def _unsubscribe_quietly(self, connection: Connection, subscription: SubscriptionState) -> None:
        with suppress(ClientError):  # nobody waits for the reply, and its publications are ignored
            await self._leave(connection, subscription)

    def _refuse(self, batch: list[SubscriptionState], error: RequestError) -> list[SubscriptionState]:
        named = error.fields.get("channel")
        for subscription in batch:
            if not error.retry and (len(batch) == 1 or subscription.channel == named):
                self.remove(subscription, error)
                self._changed()
        return [each for each in batch if not each.failure]

    def _is_current(self, subscription: SubscriptionState) -> bool:
        return self._subscriptions.get(subscription.channel) is subscription

    def _schedule_recovery(self, subscription: SubscriptionState) -> None:
        # Without a connection the next subscribe recovers; without a subscription nothing does.
        idle = subscription.connection is None or not self._is_current(subscription)
        if idle or subscription.recovering or not subscription.buffer.is_behind:
            subscription.cancel_timer()
        elif not subscription.timer:
            loop, hold = asyncio.get_running_loop(), self._settings.hold
            subscription.timer = loop.call_later(hold, self._start_recovery, subscription, None)

    def _start_recovery(self, subscription: SubscriptionState, head: Position | None) -> None:
        subscription.recovering = True
        subscription.cancel_timer()
        self._tasks.start(self._recover(subscription, head))

    async def _recover(self, subscription: SubscriptionState, head: Position | None) -> None:
        backoff = Backoff(self._settings.retry_pause, self._settings, self._random)
        try:
            with suppress(LostError, ClosedError):
                while self._is_current(subscription) and subscription.connection:
                    if not await self._recover_page(subscription, subscription.connection, head, backoff):
                        break
        finally:
            subscription.recovering = False
        self._schedule_recovery(subscription)

    async def _recover_page(
        self,
        subscription: SubscriptionState,
        connection: Connection,
        head: Position | None,
        backoff: Backoff,
    ) -> bool:
        # Returns whether to ask for another page.
        buffer = subscription.buffer
        since, waiting = buffer.position, buffer.waiting
        if since is None:
            return False
        wanted = {"channel": subscription.channel, "since": since.fields(), "limit": PAGE}
        try:
            page = read_page(await connection.request("channel.history", wanted))
        except UnansweredError:
            return True
        except RequestError as error:
            if error.retry:
                await asyncio.sleep(backoff.pause(error.retry_after))
                return True
            if buffer.position == since:  # otherwise another connection has said where the channel is
                items = buffer.lose(head) if error.code == "history_gone" else []
                await self._go_on(subscription, connection, items)
            return False
        except MalformedError as error:
            connection.drop(LostError(str(error)))
            return False
        subscription.deliver(buffer.fill(page.publications, page.position, page.more))
        if page.more and buffer.position != since:
            return True
        subscription.deliver(buffer.settle(waiting))
        return False

    async def _go_on(
        self, subscription: SubscriptionState, connection: Connection, items: list[Item]
    ) -> None:
        subscription.deliver(items)
        if not items:  # the answer to a new subscribe says where the channel goes on
            await self.subscribe(connection, [subscription])
