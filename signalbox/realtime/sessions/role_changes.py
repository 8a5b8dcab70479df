"""A user's roles change while connections are open."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from connection_store import Connection, ConnectionGoneError, ConnectionManager
from signalbox.identity.claims import is_guest
from signalbox.identity.principal import Principal
from signalbox.moment import Moment
from signalbox.protocol.encoding import encode

from ..channels.channels import Channels
from ..delivery.delivery import Delivery, stream


class RoleChanges:
    """Gives users other roles, on every connection they have."""

    def __init__(self, connections: ConnectionManager, channels: Channels, delivery: Delivery) -> None:
        self._connections = connections
        self._channels = channels
        self._delivery = delivery

    async def change_roles(self, user_id: str, roles: Collection[str], moment: Moment) -> int:
        """Give a user these roles on every connection; return the number of connections.

        The next message is judged by them, and subscriptions they do not allow end at once. A connection made
        later has the roles of its own token. Raises ValueError for too many roles, and StoreError: then some
        connections may have them. Safe to repeat.
        """
        principal = Principal(user_id, roles=frozenset(roles), guest=is_guest(user_id))
        changed = 0
        for each in await self._connections.connections_of(user_id, now=moment.now):
            before = await self._connections.change_roles(each.connection_id, roles, now=moment.now)
            if before is not None:
                connection = replace(before, roles=principal.roles)
                with suppress(ConnectionGoneError):
                    await self.review(connection, principal, moment)
                changed += 1
        return changed

    async def review(self, connection: Connection, principal: Principal, moment: Moment) -> None:
        """End the subscriptions that `principal` may no longer have, and tell the connection.

        Its row has the new roles already. Raises StoreError, and ConnectionGoneError.
        """
        ended = await self._channels.review(connection, principal, moment)
        if ended is not None:
            await self._delivery.deliver(encode(ended), stream([connection]), moment=moment)
