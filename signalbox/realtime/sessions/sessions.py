"""The sessions of a user, changed from outside of them."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace

from connection_store import Connection, ConnectionGoneError, ConnectionManager
from signalbox.identity.claims import is_guest
from signalbox.identity.principal import Principal

from ..channels.channels import Channels
from ..delivery.delivery import Courier, encode, stream


class Sessions:
    """What becomes of connections while they last. `now` is epoch milliseconds, `time_left` gives seconds."""

    def __init__(self, connections: ConnectionManager, channels: Channels, courier: Courier) -> None:
        self._connections = connections
        self._channels = channels
        self._courier = courier

    async def change_roles(
        self, user_id: str, roles: Collection[str], *, now: int, time_left: Callable[[], float]
    ) -> int:
        """Give a user these roles on every connection they have; return how many those are.

        The next message is judged by them, and subscriptions they do not allow end at once. A connection made
        later has the roles of its own token. Raises ValueError for too many roles, and StoreError: then some
        connections may have them. Safe to repeat.
        """
        principal = Principal(user_id, roles=frozenset(roles), guest=is_guest(user_id))
        changed = 0
        for each in await self._connections.connections_of(user_id, now=now):
            before = await self._connections.change_roles(each.connection_id, roles, now=now)
            if before is not None:
                connection = replace(before, roles=principal.roles)
                with suppress(ConnectionGoneError):
                    await self.review(connection, principal, now=now, time_left=time_left)
                changed += 1
        return changed

    async def review(
        self, connection: Connection, principal: Principal, *, now: int, time_left: Callable[[], float]
    ) -> None:
        """End the subscriptions that `principal` may no longer have, and tell the connection.

        Its row has the new roles already. Raises StoreError, and ConnectionGoneError.
        """
        ended = await self._channels.review(connection, principal, now=now, time_left=time_left)
        if ended is not None:
            await self._courier.deliver(encode(ended), stream([connection]), now=now, time_left=time_left)
