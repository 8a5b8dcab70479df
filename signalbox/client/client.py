"""The client. It reconnects by itself and recovers missing publications."""

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
    """A client that stays connected: ``async with Client("wss://…", token=…) as client``.

    ``token`` is a token or a function that returns one. ``ticket`` is a function that returns tickets. The
    functions are called before every attempt to connect and may be coroutine functions. Without ``token`` and
    ``ticket`` the client is a guest. ``name`` is the display name. ``random`` returns numbers from 0 to 1.
    Raises AddressError.
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
        """All events except publications. The newest ones are kept until you take them."""
        return self._connector.events

    async def connected(self) -> None:
        """Wait for the server's ``welcome``. Raises ClosedError, or the error that ended the client."""
        await self._connector.ready()

    def subscribe(self, channel: str, *, since: Position | None = None) -> Subscription:
        """Subscribe to a channel, from now on or ``since`` a position.

        Raises SubscribedError, ClosedError, PositionError, and ValueError for an invalid name. A name has 1
        to 128 characters of ``A-Z a-z 0-9 _ : . -``.
        """
        return Subscription(self._connector.subscribe(channel, since), self._leave)

    async def publish(
        self, channel: str, data: Any, *, key: str | None = None, within: float | None = None
    ) -> Published:
        """Publish on a channel. Publications of one channel go out one after the other.

        ``key`` is the idempotency key: a publication that is sent twice is stored once. Without one the
        client makes it. Raises UnsendableError, RequestError, ClosedError, and UnansweredError after
        ``within`` seconds. After an UnansweredError the publication may be stored or not. Publishing it
        again with the same key is safe.
        """
        fields = {"channel": channel, "data": data, "key": key or secrets.token_urlsafe(16)}
        timeout = self._settings.publish_timeout if within is None else within
        try:
            async with asyncio.timeout(timeout), self._publish_lock(channel):
                reply = await self._repeat("channel.publish", fields)
        except TimeoutError:
            raise UnansweredError(f"not acknowledged within {timeout:g} s") from None
        return Published(read_position(reply.get("position")), reply)

    async def request(self, action: str, **fields: Any) -> Mapping[str, Any]:
        """Send any request and return its reply.

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
        """Return a page of a channel's history between two positions, the newest first if ``reverse``.

        Raises what ``request`` raises, and MalformedError.
        """
        bounds = {"since": since, "until": until}
        places = {name: place.fields() for name, place in bounds.items() if place}
        fields = {"channel": channel, "limit": limit, "reverse": reverse, **places}
        return read_page(await self.request("channel.history", **fields))

    async def presence(self, channel: str, *, limit: int = 100) -> Presence:
        """Return the users on a channel. Raises what ``request`` raises, and MalformedError."""
        return read_presence(await self.request("presence.get", channel=channel, limit=limit))

    async def close(self) -> None:
        """Close the connection. Requests that wait for a reply raise ClosedError."""
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
