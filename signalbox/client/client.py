"""The client: one that comes back, and has missed nothing."""

import asyncio
import random as dice
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Any, Self
from weakref import WeakValueDictionary

from .channels.decoding import read_page, read_position, read_presence
from .channels.state import SubscriptionState
from .channels.subscription import Subscription
from .connection.backoff import Backoff
from .connection.connector import Connector
from .connection.credentials import Ask, Credentials
from .connection.sockets import check_address, with_query
from .errors import LostError, RequestError, UnansweredError
from .settings import Settings
from .values import Event, Page, Position, Presence, Published, StateName

DEFAULTS = Settings()


class Client:
    """A connection that lasts: ``async with Client("wss://…", token=…) as client``.

    ``token`` is a token or a function that gives one, ``ticket`` a function that gives tickets; functions
    are asked before every attempt to connect, and may be coroutine functions. With neither one is a guest.
    ``name`` is the display name. ``random`` gives numbers from 0 to 1. Raises AddressError.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | Ask | None = None,
        ticket: Ask | None = None,
        name: str | None = None,
        settings: Settings = DEFAULTS,
        random: Callable[[], float] = dice.random,
    ) -> None:
        self._settings = settings
        self._random = random
        check_address(url)
        address = url if name is None else with_query(url, name=name)
        self._connector = Connector(address, Credentials(token, ticket), settings, random)
        self._publish_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        self._connector.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def state(self) -> StateName:
        """``connecting``, ``connected``, ``waiting`` for the next attempt, or ``closed``."""
        return self._connector.state

    @property
    def events(self) -> AsyncIterator[Event]:
        """Everything that happens but publications; those that nobody takes are kept, the newest of them."""
        return self._connector.events

    async def connected(self) -> None:
        """Return once the server has said welcome. Raises ClosedError, or why the client has ended."""
        await self._connector.ready()

    def subscribe(self, channel: str, *, since: Position | None = None) -> Subscription:
        """Subscribe to a channel, from now on or ``since`` a position.

        Raises SubscribedError, ClosedError, PositionError, and ValueError for what no channel is called:
        the name is 1 to 128 of ``A-Z a-z 0-9 _ : . -``.
        """
        return Subscription(self._connector.subscribe(channel, since), self._leave)

    async def publish(
        self, channel: str, data: Any, *, key: str | None = None, within: float | None = None
    ) -> Published:
        """Publish, once, however often it has to be sent; those of one channel go out one after the other.

        ``key`` is made here unless one is given. Raises UnsendableError, RequestError, ClosedError, and
        UnansweredError after ``within`` seconds: then it may have been published or not, and publishing it
        again with the same key is safe.
        """
        fields = {"channel": channel, "data": data, "key": key or secrets.token_urlsafe(16)}
        patience = self._settings.publish_timeout if within is None else within
        try:
            async with asyncio.timeout(patience), self._publish_lock(channel):
                reply = await self._repeat("channel.publish", fields)
        except TimeoutError:
            raise UnansweredError(f"not acknowledged within {patience:g} s") from None
        return Published(read_position(reply.get("position")), reply)

    async def request(self, action: str, **fields: Any) -> Mapping[str, Any]:
        """Send any request and return the reply.

        Raises UnsendableError, RequestError, UnansweredError, LostError, ClosedError.
        """
        deadline = asyncio.get_running_loop().time() + self._settings.request_timeout
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self._connector.ready()
        except TimeoutError:
            raise UnansweredError(f"not connected, {action} was not sent") from None
        return await connection.request(action, fields, deadline)

    async def history(
        self,
        channel: str,
        *,
        since: Position | None = None,
        until: Position | None = None,
        limit: int = 50,
        reverse: bool = False,
    ) -> Page:
        """What is kept of a channel between two positions, the newest first if ``reverse``.

        Raises what ``request`` raises, and MalformedError.
        """
        bounds = {"since": since, "until": until}
        places = {name: place.fields() for name, place in bounds.items() if place}
        fields = {"channel": channel, "limit": limit, "reverse": reverse, **places}
        return read_page(await self.request("channel.history", **fields))

    async def presence(self, channel: str, *, limit: int = 100) -> Presence:
        """Who is on a channel. Raises what ``request`` raises, and MalformedError."""
        return read_presence(await self.request("presence.get", channel=channel, limit=limit))

    async def close(self) -> None:
        """Leave; what waits for an answer ends with ClosedError."""
        await self._connector.stop()

    async def _repeat(self, action: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        backoff = Backoff(self._settings.retry_pause, self._settings, self._random)
        while True:
            connection = await self._connector.ready(fields["channel"])
            try:
                return await connection.request(action, fields)
            except (LostError, UnansweredError):
                continue
            except RequestError as error:
                if not (error.retry or connection.ended.done()):
                    raise
                await asyncio.sleep(backoff.pause(error.retry_after))

    def _publish_lock(self, channel: str) -> asyncio.Lock:
        return self._publish_locks.setdefault(channel, asyncio.Lock())

    async def _leave(self, subscription: SubscriptionState) -> None:
        await self._connector.unsubscribe(subscription)
