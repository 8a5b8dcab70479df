"""Publishing: to channels, to users and to everybody, from handlers and from any other process."""

import os
import secrets
import time
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Literal, TypeVar

from signalbox.aws.loop import new_event_loop
from signalbox.moment import Moment
from signalbox.protocol import BroadcastSent, DirectSent, Message, Published, Sender
from signalbox.resolver import Caller, Runtime

from .services import TenantServices

SERVER = Sender(user_id="server", name="server")
"""The sender that clients see unless another one is named."""

_T = TypeVar("_T")


class PerProcess:
    """Makes an object once in each process: a child of a fork makes its own."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: dict[int, Any] = {}

    def __call__(self) -> Any:
        """Return this process's object. May be called from any thread."""
        process = os.getpid()
        if process not in self._made:
            # Not a lock: a fork could copy it while it is held. Of two threads, one's object is dropped.
            self._made.setdefault(process, self._make())
        return self._made[process]


class Publisher:
    """Sends to connected clients. It speaks for the application: namespaces limit clients, not it.

    A handler that asks for a `Publisher` gets one for the caller's tenant. In any other process
    `Application.publisher()` makes one. The sender is "server" unless `sender=caller` is given. Idempotency
    keys count per tenant and channel, under one publisher, wherever it runs.

    Every call raises StoreError, QueueError and FrameTooLargeError.
    """

    def __init__(self, services: Callable[[], TenantServices], clock: Callable[[], Moment]) -> None:
        self._services = services
        self._clock = clock

    async def publish(
        self, channel: str, data: Any, key: str | None = None, *, sender: Caller | Sender = SERVER
    ) -> Published:
        """Publish `data` on a channel, once for each `key` in ten minutes.

        Raises UnknownChannelError, and TransactionConflictError when too many publish at once.
        """
        return await self._services().publications.publish(
            channel,
            _as_sender(sender),
            data,
            publisher="server",
            key=key,
            broadcast_id=secrets.token_urlsafe(12),
            moment=self._clock(),
        )

    async def send(self, user_id: str, data: Any, *, sender: Caller | Sender = SERVER) -> DirectSent:
        """Send `data` to every connection of a user. `recipients` is 0 if the user is not connected."""
        moment = self._clock()
        message = _compose("you", data, sender, moment)
        return await self._services().delivery.send(message, user_id, moment)

    async def broadcast(self, data: Any, *, sender: Caller | Sender = SERVER) -> BroadcastSent:
        """Send `data` to everybody who is connected. `queued` in the answer says that workers do it."""
        moment = self._clock()
        return await self._services().broadcaster.broadcast(
            _compose("everyone", data, sender, moment), moment
        )

    async def change_roles(self, user_id: str, roles: Collection[str]) -> int:
        """Give a user other roles on every connection, at once; return the number of connections.

        Subscriptions that the new roles do not allow end. Tell the issuer of tokens first: a connection made
        later has the roles of its token. Raises ValueError for too many roles.
        """
        return await self._services().role_changes.change_roles(user_id, roles, self._clock())

    async def close_user(self, user_id: str) -> int:
        """Log a user out: close every connection, and refuse credentials that were issued until now.

        Returns the number of connections. Have your login forget the session first, else it gives out new
        credentials. Repeat a call that raised StoreError: some connections may still be open.
        """
        return await self._services().logins.close_user(user_id, self._clock())


class BlockingPublisher:
    """A Publisher for code without an event loop: a Django view, a cron job, a script.

    Its methods are those of Publisher. They may be called from any thread, and take turns. A process that
    forks may use it in the child.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._runtime = PerProcess(lambda: Runtime(new_event_loop))

    def publish(
        self, channel: str, data: Any, key: str | None = None, *, sender: Caller | Sender = SERVER
    ) -> Published:
        """Publish as `Publisher.publish` does."""
        return self._run(self._publisher.publish(channel, data, key, sender=sender))

    def send(self, user_id: str, data: Any, *, sender: Caller | Sender = SERVER) -> DirectSent:
        """Send as `Publisher.send` does."""
        return self._run(self._publisher.send(user_id, data, sender=sender))

    def broadcast(self, data: Any, *, sender: Caller | Sender = SERVER) -> BroadcastSent:
        """Broadcast as `Publisher.broadcast` does."""
        return self._run(self._publisher.broadcast(data, sender=sender))

    def change_roles(self, user_id: str, roles: Collection[str]) -> int:
        """Change roles as `Publisher.change_roles` does."""
        return self._run(self._publisher.change_roles(user_id, roles))

    def close_user(self, user_id: str) -> int:
        """Log a user out as `Publisher.close_user` does."""
        return self._run(self._publisher.close_user(user_id))

    def _run(self, call: Coroutine[Any, Any, _T]) -> _T:
        runtime: Runtime = self._runtime()
        return runtime.run(call)


def wall_clock() -> int:
    """Return epoch milliseconds."""
    return time.time_ns() // 1_000_000


def moments(seconds: float, clock: Callable[[], int] = wall_clock) -> Callable[[], Moment]:
    """Return a function that makes a Moment for each call of at most `seconds`."""

    def begin() -> Moment:
        end = time.monotonic() + seconds
        return Moment(clock(), lambda: end - time.monotonic())

    return begin


def _as_sender(sender: Caller | Sender) -> Sender:
    return sender if isinstance(sender, Sender) else Sender(user_id=sender.user_id, name=sender.user_id)


def _compose(
    audience: Literal["everyone", "you"], data: Any, sender: Caller | Sender, moment: Moment
) -> Message:
    return Message(
        message_id=secrets.token_urlsafe(12),
        audience=audience,
        sender=_as_sender(sender),
        data=data,
        sent_at=moment.now,
    )
