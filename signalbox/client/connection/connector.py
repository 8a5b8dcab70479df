"""What keeps a client connected: it comes back, and moves to a new connection before the old one ends."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..channels.feed import Feed
from ..channels.inbox import Inbox
from ..channels.reading import Expulsion, Unasked
from ..channels.roster import Roster
from ..errors import (
    AddressError,
    ClientError,
    ClosedError,
    DismissedError,
    LostError,
    RefusedError,
    RequestError,
)
from ..settings import Settings
from ..tasks import Tasks
from ..values import Event, Position, Publication, Push, State, StateName
from .backoff import Backoff
from .credentials import Credentials
from .link import Link
from .overlap import Overlap
from .sockets import open_socket, with_query

_MESSAGES = 1_000

_LINGERING = 10.0  # seconds in which the new connection may bring what the old one, now closed, has brought


class Connector:
    """The connections of one client, one after the other, and what comes over them."""

    def __init__(
        self, url: str, credentials: Credentials, settings: Settings, random: Callable[[], float]
    ) -> None:
        self.state: StateName = "connecting"
        self.events: Inbox[Event] = Inbox(None, settings.queue)
        self._url = url
        self._credentials = credentials
        self._settings = settings
        self._random = random
        self._backoff = Backoff(settings.reconnect_pause, settings, random)
        self._tasks = Tasks()
        self._links: set[Link] = set()
        self._link: Link | None = None
        self._born: int | None = None
        self._moving = False
        self._overlap: Overlap | None = None
        self._changed = asyncio.Event()
        self._failure: ClientError | None = None
        self._end: ClientError | None = None
        self._main: asyncio.Task[None] | None = None
        self._messages: OrderedDict[str, None] = OrderedDict()
        self._roster = Roster(settings, random, self._tasks, self._wake)

    def start(self) -> None:
        """Begin to connect."""
        self._main = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Close the connection, and end everything."""
        if self._main:
            if not self._end:
                self._main.cancel()
            await asyncio.wait([self._main])
            if not self._main.cancelled():
                self._main.result()
        if not self._end:  # it had not even begun
            await self._shut()

    async def ready(self, channel: str | None = None) -> Link:
        """The connection, once there is one; with a channel, once a subscription to it is made there too.

        Raises ClosedError, or why the client has ended.
        """
        while not self._end:
            feed = self._roster.find(channel) if channel else None
            if self._link and not self._link.over.done() and (not feed or self._link in feed.links):
                return self._link
            await self._changed.wait()
        raise self._end

    def subscribe(self, channel: str, since: Position | None) -> Feed:
        """Subscribe, now or when there is a connection. Raises SubscribedError, ClosedError."""
        if self._end:
            raise self._end
        feed = self._roster.add(channel, since)
        if self._link:
            self._tasks.start(self._enrol(self._link, [feed]))
        return feed

    async def unsubscribe(self, feed: Feed) -> None:
        """End a subscription. Raises ClientError."""
        self._roster.remove(feed)
        self._wake()
        await self._roster.leave(feed)

    def receive(self, link: Link, inbound: Unasked, data: str | bytes) -> None:
        """Pass on what came over a connection."""
        match inbound:
            case Publication(position=None) | Push("presence.joined" | "presence.left") if (
                self._overlap and self._overlap.is_repeat(link, data)
            ):
                pass
            case Publication():
                self._roster.take(inbound)
            case Push("message", {"message_id": str(message_id)}) if self._is_known(message_id):
                pass
            case Expulsion(channels):
                self._roster.expel(channels)
            case Push("session.expiring") if self._credentials.renewable:
                self.events.put(inbound)
                link.leave()
            case _:
                self.events.put(inbound)

    def positions(self) -> Mapping[str, Position]:
        """Where the channels are."""
        return self._roster.positions()

    def catch_up(self, link: Link, heads: Mapping[str, Position]) -> None:
        """Recover what the server says was missed."""
        self._roster.catch_up(link, heads)

    async def _run(self) -> None:
        try:
            await self._stay_connected()
        except ClientError as error:
            self._failure = error
        finally:
            await self._shut()

    async def _stay_connected(self) -> None:
        while True:
            self._say(State("connecting"))
            try:
                link = await self._open()
                self._settle_on(link)
                while True:
                    await self._wait_to_leave(link)
                    link = await self._roll_over(link)
            except ClientError as error:
                if self._is_final(error):
                    raise
                seconds = self._backoff.pause()
                self._say(State("waiting", seconds, error))
                await asyncio.sleep(seconds)

    async def _open(self) -> Link:
        # A user may only have so many connections: one that is not quite gone gives way to this one.
        url = self._url if self._born is None else with_query(self._url, replaces=str(self._born))
        url, subprotocols = await self._credentials.present(url)
        socket = await open_socket(
            url,
            subprotocols=subprotocols,
            origin=self._settings.origin,
            open_timeout=self._settings.open_timeout,
            ping_interval=None,
        )
        link = Link(socket, self._settings, self)
        self._links.add(link)
        link.over.add_done_callback(lambda _: self._note_end(link))
        link.reader.add_done_callback(lambda _: self._links.discard(link))
        try:
            await link.greet()
        except ClientError as error:
            link.drop(error)
            raise
        return link

    def _settle_on(self, link: Link) -> None:
        self._overlap = None
        self._link, self._born = link, link.born
        self._say(State("connected"))
        self._tasks.start(self._enrol(link, self._roster.elsewhere(link)))

    async def _wait_to_leave(self, link: Link) -> None:
        young, old = self._settings.roll_over
        lifetime = young + (old - young) * self._random()
        await _first_of(link.over, link.leaving, within=lifetime - link.age)
        if link.leaving.done():
            self._backoff.note_life(link.age)
            await _first_of(link.over, within=self._backoff.pause())
        _raise_if_over(link)

    async def _roll_over(self, old: Link) -> Link:
        self._moving = True
        try:
            link = await self._open_beside(old)
        finally:
            self._moving = False
        self._backoff.note_life(old.age)
        self._link, self._born = link, link.born
        if self.state == "connected":
            self._wake()
        else:
            self._say(State("connected"))
        self._tasks.start(self._retire(old))
        return link

    async def _open_beside(self, old: Link) -> Link:
        while True:
            try:
                link = await self._open()
                await self._prepare(link, old)
            except ClientError as error:
                if old.over.done() or self._is_final(error):
                    raise
                await _first_of(old.over, within=self._backoff.pause())
                _raise_if_over(old)
            else:
                return link

    async def _prepare(self, link: Link, old: Link) -> None:
        # Once the old connection is over this one serves at once, and its subscriptions follow.
        self._overlap = Overlap()
        begun: set[Feed] = set()
        while feeds := [feed for feed in self._roster.elsewhere(link) if feed not in begun]:
            begun.update(feeds)
            await _first_of(self._tasks.start(self._enrol(link, feeds)), old.over)
            _raise_if_over(link)

    async def _retire(self, old: Link) -> None:
        overlap = self._overlap
        await old.retire()
        await asyncio.sleep(_LINGERING)
        if self._overlap is overlap:
            self._overlap = None

    async def _enrol(self, link: Link, feeds: list[Feed]) -> None:
        with suppress(LostError, ClosedError):  # the next connection begins again
            await self._roster.enrol(link, feeds)

    def _note_end(self, link: Link) -> None:
        reason = link.over.result()
        if isinstance(reason, DismissedError) and self._main and not self._end:
            self._failure = reason
            self._main.cancel()  # whatever it is about: the server wants no connection any more
        elif link is self._link:
            self._link = None
            self._backoff.note_life(link.age)
            if self._moving:
                self._say(State("connecting"))

    def _is_final(self, error: ClientError) -> bool:
        match error:
            case AddressError():
                return True
            case RefusedError(status=401 | 403) | RequestError(code="unauthorized" | "forbidden"):
                return not self._credentials.renewable
        return False

    def _is_known(self, message_id: str) -> bool:
        if message_id in self._messages:
            return True
        self._messages[message_id] = None
        if len(self._messages) > _MESSAGES:
            self._messages.popitem(last=False)
        return False

    async def _shut(self) -> None:
        self._end = self._failure or ClosedError("the client is closed")
        self._link = None
        await self._tasks.cancel()
        await asyncio.gather(*(link.close() for link in self._links))
        self._roster.end(self._failure)
        self._say(State("closed", error=self._failure))
        self.events.end()

    def _say(self, state: State) -> None:
        self.state = state.name
        self.events.put(state)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed.clear()


async def _first_of(*futures: "asyncio.Future[Any]", within: float | None = None) -> None:
    timeout = None if within is None else max(within, 0)
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


def _raise_if_over(link: Link) -> None:
    if link.over.done():
        raise link.over.result()
