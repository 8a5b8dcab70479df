"""One subscription as the client keeps it: its order, what waits for the application, where it is made."""

import asyncio
from collections.abc import Iterable

from ..connection.link import Link
from ..errors import ClientError
from ..values import Item, Position, Publication
from .inbox import Inbox
from .ordering import Order
from .reading import Answer


class Feed:
    """What comes of one channel. ``given`` is the position of what the application has taken."""

    def __init__(self, channel: str, since: Position | None, limit: int) -> None:
        self.channel = channel
        self.order = Order(channel, since)
        self.inbox: Inbox[Publication] = Inbox(channel, limit)
        self.given = since
        self.answered = asyncio.Event()
        self.failure: ClientError | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.filling = False
        self._made: set[Link] = set()

    @property
    def made(self) -> bool:
        """Whether the server has ever said yes."""
        return bool(self._made)

    @property
    def links(self) -> set[Link]:
        """The connections that bring it: two while one takes over from the other."""
        return {link for link in self._made if not link.over.done()}

    @property
    def link(self) -> Link | None:
        """The newest of them."""
        return max(self.links, key=lambda link: link.opened_at, default=None)

    @property
    def wish(self) -> dict[str, object]:
        """The channel as a subscribe names it."""
        since = self.order.position
        return {"channel": self.channel, **({"since": since.fields()} if since else {})}

    def take(self, publication: Publication) -> None:
        """A publication came."""
        self.deliver(self.order.take(publication))

    def resume(self, answer: Answer, link: Link) -> None:
        """The server has subscribed a connection to the channel."""
        self._made = {*self.links, link}
        items = self.order.resume(answer.position, answer.recovered, answer.publications)
        if self.given is None:
            self.given = answer.position
        self.deliver(items)
        self.answered.set()

    def end(self, error: ClientError | None = None) -> None:
        """Nothing more comes; of an error the application is told when it has taken what is there."""
        self.rest()
        self.failure = self.failure or error
        self.inbox.end(error)
        self.answered.set()

    def deliver(self, items: Iterable[Item]) -> None:
        """Put items before the application."""
        for item in items:
            self.inbox.put(item)

    def rest(self) -> None:
        """Nothing is missing any more, or somebody asks for it already."""
        if self.timer:
            self.timer.cancel()
            self.timer = None
