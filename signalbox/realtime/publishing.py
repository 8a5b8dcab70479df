"""Publishing from any Python process with AWS credentials: a Django view, a cron job, another Lambda."""

import secrets
import time
from collections.abc import Callable, Collection
from typing import Literal

from pydantic import JsonValue

from signalbox.aws.loop import new_event_loop
from signalbox.protocol import BroadcastSent, DirectSent, Message, Published, Sender
from signalbox.resolver import Runtime

from .services import build_services
from .settings import Settings

SERVER = Sender(user_id="server", name="server")


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000


class Publisher:
    """Sends to connected clients, as the application does, from outside of it.

    Without `settings` it reads the variables the functions have: `TABLE_NAME`, `MANAGEMENT_ENDPOINT`,
    `AWS_REGION`, `FANOUT_QUEUE_URL`. `sender` is who clients see, all of them in `tenant`. A call takes
    `seconds` at most. Make one and keep it: it keeps its connections. The plain methods may be called from
    any thread and take turns; those that begin with `a` are for a program with an event loop of its own.

    Nothing connects before the first call. Raises SettingsError; every call raises FrameTooLargeError,
    StoreError and QueueError. `clock` is in epoch milliseconds.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        sender: Sender = SERVER,
        tenant: str = "",
        seconds: float = 20.0,
        clock: Callable[[], int] = _wall_clock,
    ) -> None:
        self._services = build_services(settings).of(tenant)
        self._sender = sender
        self._seconds = seconds
        self._clock = clock
        self._runtime = Runtime(new_event_loop)

    def broadcast(self, data: JsonValue) -> BroadcastSent:
        """Send `data` to everybody who is connected; `queued` in the answer says that workers do it."""
        return self._runtime.run(self.abroadcast(data))

    def send(self, user_id: str, data: JsonValue) -> DirectSent:
        """Send `data` to every connection of a user; without recipients in the answer, nobody was there."""
        return self._runtime.run(self.asend(user_id, data))

    def publish(self, channel: str, data: JsonValue, key: str | None = None) -> Published:
        """Publish `data` on a channel, whoever else may; once for each `key` in ten minutes.

        Raises UnknownChannelError, and TransactionConflictError when too many publish at once.
        """
        return self._runtime.run(self.apublish(channel, data, key))

    def change_roles(self, user_id: str, roles: Collection[str]) -> int:
        """Give a user other roles on every connection they have, at once; return how many those are.

        What they are subscribed to and may not read any more ends. Tell whoever signs the tokens first: a
        connection made later has the roles of its token. Raises ValueError for too many roles.
        """
        return self._runtime.run(self.achange_roles(user_id, roles))

    def close_user(self, user_id: str) -> int:
        """Log a user out: close every connection, and let nobody in with what was issued until now.

        Returns how many connections there were. Have your login forget the session first, else it gives out
        new credentials. Repeat a call that raised StoreError: until one does not, some may still be open.
        """
        return self._runtime.run(self.aclose_user(user_id))

    async def abroadcast(self, data: JsonValue) -> BroadcastSent:
        """Do as `broadcast` does."""
        message = self._compose("everyone", data)
        return await self._services.broadcaster.broadcast(
            message, now=message.sent_at, time_left=self._countdown()
        )

    async def asend(self, user_id: str, data: JsonValue) -> DirectSent:
        """Do as `send` does."""
        message = self._compose("you", data)
        return await self._services.courier.send(
            message, user_id, now=message.sent_at, time_left=self._countdown()
        )

    async def apublish(self, channel: str, data: JsonValue, key: str | None = None) -> Published:
        """Do as `publish` does."""
        return await self._services.publications.publish(
            channel,
            self._sender,
            data,
            publisher="server",
            key=key,
            broadcast_id=secrets.token_urlsafe(12),
            now=self._clock(),
            time_left=self._countdown(),
        )

    async def achange_roles(self, user_id: str, roles: Collection[str]) -> int:
        """Do as `change_roles` does."""
        return await self._services.sessions.change_roles(
            user_id, roles, now=self._clock(), time_left=self._countdown()
        )

    async def aclose_user(self, user_id: str) -> int:
        """Do as `close_user` does."""
        return await self._services.logins.close_user(user_id, now=self._clock(), time_left=self._countdown())

    def _compose(self, audience: Literal["everyone", "you"], data: JsonValue) -> Message:
        return Message(
            message_id=secrets.token_urlsafe(12),
            audience=audience,
            sender=self._sender,
            data=data,
            sent_at=self._clock(),
        )

    def _countdown(self) -> Callable[[], float]:
        end = time.monotonic() + self._seconds
        return lambda: end - time.monotonic()
