"""All subscriptions of a client: made on each connection, kept without a hole."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from ..connection.backoff import Backoff
from ..connection.link import Link
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
from .feed import Feed
from .reading import Answer, read_answers, read_page

BATCH = 49
"""The most channels of one subscribe."""

PAGE = 100
"""The most publications of one page of history."""


class Roster:
    """The subscriptions; ``changed`` is called when one of them has been made."""

    def __init__(
        self, settings: Settings, random: Callable[[], float], tasks: Tasks, changed: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._random = random
        self._tasks = tasks
        self._changed = changed
        self._feeds: dict[str, Feed] = {}
        self._leaving: dict[asyncio.Future[None], tuple[Link, str]] = {}

    def add(self, channel: str, since: Position | None) -> Feed:
        """A new one. Raises SubscribedError, PositionError, and ValueError for what no channel is called."""
        if not CHANNEL.fullmatch(channel):  # the server would refuse all that are asked for with it
            raise ValueError(f"{channel!r} is no channel: names have 1 to 128 of A-Z a-z 0-9 _ : . -")
        if since:
            Position.parse(str(since))
        if channel in self._feeds:
            raise SubscribedError(f"{channel} is subscribed to already")
        feed = self._feeds[channel] = Feed(channel, since, self._settings.queue)
        return feed

    def remove(self, feed: Feed, error: ClientError | None = None) -> None:
        """One has ended, with an error if the application did not want it to."""
        feed.end(error)
        if self._feeds.get(feed.channel) is feed:
            del self._feeds[feed.channel]

    def expel(self, channels: Iterable[str]) -> None:
        """The server has ended subscriptions."""
        for channel in channels:
            if feed := self._feeds.get(channel):
                self.remove(feed, RequestError({"code": "forbidden", "channel": channel}))
        self._changed()

    def end(self, error: ClientError | None) -> None:
        """End all of them."""
        for feed in self._feeds.values():
            feed.end(error)

    def find(self, channel: str) -> Feed | None:
        """The subscription to a channel."""
        return self._feeds.get(channel)

    def elsewhere(self, link: Link) -> list[Feed]:
        """Those that are not made on a connection."""
        return [feed for feed in self._feeds.values() if link not in feed.links]

    def positions(self) -> dict[str, Position]:
        """Where the channels are that have positions."""
        return {feed.channel: feed.order.position for feed in self._feeds.values() if feed.order.position}

    def take(self, publication: Publication) -> None:
        """A publication came; of a channel left meanwhile, perhaps."""
        if feed := self._feeds.get(publication.channel):
            feed.take(publication)
            self._watch(feed)

    def catch_up(self, link: Link, heads: Mapping[str, Position]) -> None:
        """Ask for what was published on channels up to where the server says they are."""
        for channel, head in heads.items():
            feed = self._feeds.get(channel)
            if feed and link in feed.links and not feed.filling:
                self._begin_filling(feed, head)

    async def enrol(self, link: Link, feeds: Iterable[Feed]) -> None:
        """Make subscriptions on a connection. Raises LostError and ClosedError."""
        backoff = Backoff(self._settings.retry_pause, self._settings, self._random)
        waiting, size = deque(feeds), BATCH
        while waiting:
            batch = [waiting.popleft() for _ in range(min(size, len(waiting)))]
            try:
                await self._subscribe(link, batch)
            except UnansweredError:
                waiting.extendleft(reversed(batch))
            except RequestError as error:
                if link.over.done():  # that is what the server says of the connection, not of a channel
                    raise LostError(str(error)) from error
                left = self._refuse(batch, error)
                waiting.extendleft(reversed(left))
                if error.retry:
                    await asyncio.sleep(backoff.pause(error.retry_after))
                elif left == batch:
                    size = 1  # the server does not say which one it is about

    async def _subscribe(self, link: Link, batch: list[Feed]) -> None:
        await self._settle(link, batch)
        batch = [feed for feed in batch if self._is_kept(feed)]
        if not batch:
            return
        reply = await link.request("channel.subscribe", {"channels": [feed.wish for feed in batch]})
        try:
            answers = {answer.channel: answer for answer in read_answers(reply)}
            self._resume(link, [(feed, answers[feed.channel]) for feed in batch])
        except (KeyError, MalformedError) as error:
            link.drop(LostError("the server's answer to a subscribe makes no sense"))
            raise LostError(str(link.over.result())) from error

    def _resume(self, link: Link, answers: list[tuple[Feed, Answer]]) -> None:
        for feed, answer in answers:
            feed.resume(answer, link)
            self._watch(feed)
            if feed.channel not in self._feeds and not feed.failure:  # left meanwhile
                self._tasks.start(self._forsake(link, feed))
        self._changed()

    async def leave(self, feed: Feed) -> None:
        """End a subscription on the connections that bring it. Raises ClientError."""
        await asyncio.gather(*(self._leave(link, feed) for link in feed.links))

    async def _leave(self, link: Link, feed: Feed) -> None:
        left = asyncio.get_running_loop().create_future()
        self._leaving[left] = link, feed.channel
        try:
            with suppress(LostError, ClosedError):  # that ends it as well
                await link.request("channel.unsubscribe", {"channels": [feed.channel]})
        finally:
            del self._leaving[left]
            left.set_result(None)

    async def _settle(self, link: Link, batch: list[Feed]) -> None:
        # Requests of one connection run side by side: leaving a channel might end a later subscription.
        places = {(link, feed.channel) for feed in batch}
        while leaving := [left for left, place in self._leaving.items() if place in places]:
            await asyncio.wait(leaving)

    async def _forsake(self, link: Link, feed: Feed) -> None:
        with suppress(ClientError):  # nobody waits for it, and what comes of it is dropped
            await self._leave(link, feed)

    def _refuse(self, batch: list[Feed], error: RequestError) -> list[Feed]:
        named = error.fields.get("channel")
        for feed in batch:
            if not error.retry and (len(batch) == 1 or feed.channel == named):
                self.remove(feed, error)
                self._changed()
        return [feed for feed in batch if not feed.failure]

    def _is_kept(self, feed: Feed) -> bool:
        return self._feeds.get(feed.channel) is feed

    def _watch(self, feed: Feed) -> None:
        idle = feed.link is None or not self._is_kept(feed)  # then the next subscribe brings it, or nothing
        if idle or feed.filling or not feed.order.lacks:
            feed.rest()
        elif not feed.timer:
            loop = asyncio.get_running_loop()
            feed.timer = loop.call_later(self._settings.hold, self._begin_filling, feed, None)

    def _begin_filling(self, feed: Feed, head: Position | None) -> None:
        feed.filling = True
        feed.rest()
        self._tasks.start(self._fill(feed, head))

    async def _fill(self, feed: Feed, head: Position | None) -> None:
        backoff = Backoff(self._settings.retry_pause, self._settings, self._random)
        try:
            with suppress(LostError, ClosedError):
                while self._is_kept(feed) and feed.link:
                    if not await self._fill_page(feed, feed.link, head, backoff):
                        break
        finally:
            feed.filling = False
        self._watch(feed)

    async def _fill_page(self, feed: Feed, link: Link, head: Position | None, backoff: Backoff) -> bool:
        since = feed.order.position
        if since is None:
            return False
        waiting = feed.order.waiting
        wanted = {"channel": feed.channel, "since": since.fields(), "limit": PAGE}
        try:
            page = read_page(await link.request("channel.history", wanted))
        except UnansweredError:
            return True
        except RequestError as error:
            if error.retry:
                await asyncio.sleep(backoff.pause(error.retry_after))
                return True
            if feed.order.position == since:  # or another connection has said where the channel is now
                await self._go_on(feed, link, feed.order.lose(head) if error.code == "history_gone" else [])
            return False
        except MalformedError as error:
            link.drop(LostError(str(error)))
            return False
        feed.deliver(feed.order.fill(page.publications, page.position, page.more))
        if page.more and feed.order.position != since:
            return True
        feed.deliver(feed.order.settle(waiting))
        return False

    async def _go_on(self, feed: Feed, link: Link, items: list[Item]) -> None:
        feed.deliver(items)
        if not items:  # then the answer to a subscribe says where it goes on
            await self.enrol(link, [feed])
