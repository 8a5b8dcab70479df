"""Presence: the users on a channel whose connections gave a recent sign of life."""

from dataclasses import dataclass

from . import schema
from .connections import WATCHED_SILENCE
from .models import Connection, Subscriber
from .subscriptions import Subscriptions
from .table import Table
from .timing import instant

EXAMINED = 1_000
"""Connections looked up for one list. Further ones count as present while they are subscribed."""


@dataclass(frozen=True, slots=True)
class PresentUser:
    """A user who is present, with their connections in the order they connected."""

    user_id: str
    connections: tuple[Connection, ...]


@dataclass(frozen=True, slots=True)
class PresenceList:
    """Some of the users on a channel, and the number of all of them."""

    users: tuple[PresentUser, ...]
    count: int


class Presence:
    """The presence in one table, or in the part of it whose keys begin with `partition`.

    `now` and errors as in ConnectionManager.
    """

    def __init__(self, table: Table, partition: str = "") -> None:
        self._table = table
        self._prefix = schema.check_prefix(partition)
        self._subscriptions = Subscriptions(table, partition)

    async def get(
        self, channel: str, *, cap: int = 100, silence: float = WATCHED_SILENCE, now: int | None = None
    ) -> PresenceList:
        """Return up to `cap` users with a connection on the channel heard of within `silence` seconds.

        All such users are counted. Connections without a user are not counted. The channel's first thousand
        connections are looked up, with BatchGetItem. Further ones are counted while they are subscribed, and
        the sweep ends those that are gone.
        """
        now = instant(now)
        subscribers = [each async for each in self._subscriptions.subscribers(channel, now=now)]
        looked_up, believed = subscribers[:EXAMINED], subscribers[EXAMINED:]
        since = now - int(silence * 1000)
        users: dict[str, list[Connection]] = {}
        for connection in await self._connections(looked_up, now):
            if connection.user_id is not None and connection.last_seen > since:
                users.setdefault(connection.user_id, []).append(connection)
        everybody = users.keys() | {each.user_id for each in believed if each.user_id is not None}
        return PresenceList(tuple(_attendees(users)[:cap]), len(everybody))

    async def _connections(self, subscribers: list[Subscriber], now: int) -> list[Connection]:
        keys = [schema.connection_key(self._prefix, each.connection_id) for each in subscribers]
        rows = await self._table.get_all(keys, now=now)
        # A join may be faster than the replication of the row. Only rows that are not found are read again.
        late = await self._table.get_all([key for key in keys if key not in rows], now=now, consistent=True)
        found = rows | late
        return [Connection.from_record(found[key]) for key in keys if key in found]


def _attendees(users: dict[str, list[Connection]]) -> list[PresentUser]:
    return [
        PresentUser(user_id, tuple(sorted(connections, key=lambda each: each.connected_at)))
        for user_id, connections in users.items()
    ]
