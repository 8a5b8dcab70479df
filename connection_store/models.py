"""Frozen values that the store returns, and their form as rows."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

from . import schema
from .schema import Key
from .wire import Record

LONGEST_ROLES = 256
"""Characters of a user's roles in a row: it is written every half minute, and over 1 KB that costs twice."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection.

    `user_id` and `name` are None when connect was given none. `connected_at` and `last_seen` are epoch
    milliseconds, `expires_at` is epoch seconds. `channels` counts its subscriptions, `watched` those of them
    whose channels are. `client_data` is filled only when it was asked for. `roles` are its user's since they
    were changed, None before; `partition` is the part of the table it is in. `busy_until` is for `limits`.
    """

    connection_id: str
    user_id: str | None
    name: str | None
    connected_at: int
    last_seen: int
    expires_at: int
    version: int = schema.VERSION
    channels: int = 0
    watched: int = 0
    client_data: Any = field(default=None, repr=False)
    roles: frozenset[str] | None = None
    partition: str = ""
    busy_until: int = 0

    @property
    def status(self) -> Literal["connected"]:
        """Always "connected": the store gives out no other connections."""
        return "connected"

    @property
    def cursor(self) -> str:
        """A stream or a page resumed with this yields everything after this connection."""
        return schema.cursor_of(self.connection_id)

    def to_record(self) -> Record:
        """Return the row; attributes without a value are left out."""
        key = schema.connection_key(self.partition, self.connection_id)
        attributes = {
            "user": self.user_id,
            "name": self.name,
            "connected_at": self.connected_at,
            "last_seen": self.last_seen,
            schema.TTL_ATTRIBUTE: self.expires_at,
            "v": self.version,
            "user_roles": None if self.roles is None else write_roles(self.roles),
        }
        return {**key._asdict(), **{name: value for name, value in attributes.items() if value is not None}}

    @classmethod
    def from_record(cls, record: Record, client_data: Any = None) -> Self:
        """Read a row; attributes of later releases are ignored."""
        partition, connection_id = schema.owner_of(record[schema.SORT_KEY])
        return cls(
            connection_id=connection_id,
            user_id=record.get("user"),
            name=record.get("name"),
            connected_at=record["connected_at"],
            last_seen=record["last_seen"],
            expires_at=record[schema.TTL_ATTRIBUTE],
            version=record["v"],
            channels=record.get("channels", 0),
            watched=record.get("watched", 0),
            client_data=client_data,
            roles=frozenset(json.loads(record["user_roles"])) if "user_roles" in record else None,
            partition=partition,
            busy_until=record.get("busy_until", 0),
        )


def write_roles(roles: Iterable[str]) -> str:
    """Return roles as a row has them, for rows hold no lists (F24). Raises ValueError for too many."""
    text = json.dumps(sorted(roles))
    if len(text) > LONGEST_ROLES:
        raise ValueError(f"roles have at most {LONGEST_ROLES} characters in JSON")
    return text


@dataclass(frozen=True, slots=True)
class UserConnection:
    """One of a user's connections, as the user's index knows it. Units as in Connection."""

    connection_id: str
    user_id: str
    connected_at: int
    expires_at: int

    @property
    def cursor(self) -> str:
        """The same token as the connection's own."""
        return schema.cursor_of(self.connection_id)

    def to_record(self, prefix: str) -> Record:
        """Return the row."""
        key = schema.user_connection_key(prefix, self.user_id, self.connection_id)
        return {**key._asdict(), "connected_at": self.connected_at, schema.TTL_ATTRIBUTE: self.expires_at}

    @classmethod
    def from_record(cls, user_id: str, record: Record) -> Self:
        """Read a row of `user_id`'s partition."""
        return cls(record[schema.SORT_KEY], user_id, record["connected_at"], record[schema.TTL_ATTRIBUTE])


@dataclass(frozen=True, slots=True)
class Page:
    """Some connections; `cursor` is None when there are no more."""

    connections: tuple[Connection, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel's name, and the options of its namespace that concern the store.

    `shards` (1, 4 or 16) is over how many partitions its subscribers are spread; once larger, it stays so.
    Its history keeps `history_size` publications, none if that is 0, for `history_seconds`. A `watched`
    channel has presence or recovery, so its subscribers send frequent heartbeats. Raises InvalidKeyError for
    the name, and ValueError for numbers that make no sense.
    """

    name: str
    shards: int = 4
    history_size: int = 500
    history_seconds: int = 300
    watched: bool = False

    def __post_init__(self) -> None:
        schema.check_channel(self.name)
        if self.shards not in schema.CHANNEL_SHARDS or self.history_size < 0 or self.history_seconds < 1:
            raise ValueError("a channel has 1, 4 or 16 shards, and a history of some seconds")


class Position(NamedTuple):
    """A place in a channel's history; offsets count publications from 1 within an epoch."""

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True)
class ChannelHead:
    """Where a channel's history ends; `published_at` is of its last publication, 0 before the first."""

    epoch: str
    offset: int
    shards: int
    published_at: int
    expires_at: int

    @property
    def position(self) -> Position:
        """The position of the last publication."""
        return Position(self.epoch, self.offset)

    def to_record(self, prefix: str, channel: str) -> Record:
        """Return the row."""
        return {
            **schema.head_key(prefix, channel)._asdict(),
            "epoch": self.epoch,
            "top": self.offset,
            "shards": self.shards,
            "published_at": self.published_at,
            schema.TTL_ATTRIBUTE: self.expires_at,
        }

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read a row."""
        return cls(
            record["epoch"],
            record["top"],
            record["shards"],
            record["published_at"],
            record[schema.TTL_ATTRIBUTE],
        )


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication, whose data the store does not interpret. `published_at` never goes back in an epoch."""

    position: Position
    data: str = field(repr=False)
    published_at: int
    expires_at: int

    def to_record(self, prefix: str, channel: str) -> Record:
        """Return the row."""
        return {
            **schema.publication_key(prefix, channel, self.position.offset)._asdict(),
            "epoch": self.position.epoch,
            "offset": self.position.offset,
            "data": self.data,
            "published_at": self.published_at,
            schema.TTL_ATTRIBUTE: self.expires_at,
        }

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read a row."""
        position = Position(record["epoch"], record["offset"])
        return cls(position, record["data"], record["published_at"], record[schema.TTL_ATTRIBUTE])


@dataclass(frozen=True, slots=True)
class Subscription:
    """One of a connection's subscriptions. Units as in Connection."""

    connection_id: str
    channel: str
    shard: int
    watched: bool
    expires_at: int

    def to_record(self, prefix: str) -> Record:
        """Return the row among the connection's."""
        return {
            **schema.subscription_key(prefix, self.connection_id, self.channel)._asdict(),
            "shard": self.shard,
            "watched": self.watched,
            schema.TTL_ATTRIBUTE: self.expires_at,
        }

    def keys(self, prefix: str) -> tuple[Key, Key]:
        """Return where its rows are: among the connection's subscriptions, and the channel's subscribers."""
        return (
            schema.subscription_key(prefix, self.connection_id, self.channel),
            schema.subscriber_key(prefix, self.channel, self.shard, self.connection_id),
        )

    @classmethod
    def from_record(cls, connection_id: str, record: Record) -> Self:
        """Read a row of `connection_id`'s partition."""
        return cls(
            connection_id,
            record[schema.SORT_KEY],
            record["shard"],
            record["watched"],
            record[schema.TTL_ATTRIBUTE],
        )


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A connection as its channel knows it. Units as in Connection."""

    connection_id: str
    user_id: str | None
    connected_at: int
    expires_at: int
    shard: int

    @property
    def cursor(self) -> str:
        """A listing of the channel's subscribers that resumes with this yields the ones after this one."""
        return schema.subscriber_cursor(self.shard, self.connection_id)

    def to_record(self, prefix: str, channel: str) -> Record:
        """Return the row among the channel's. A missing user is left out."""
        key = schema.subscriber_key(prefix, channel, self.shard, self.connection_id)
        row = {**key._asdict(), "connected_at": self.connected_at, schema.TTL_ATTRIBUTE: self.expires_at}
        return row if self.user_id is None else {**row, "user": self.user_id}

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read a row."""
        return cls(
            record[schema.SORT_KEY],
            record.get("user"),
            record["connected_at"],
            record[schema.TTL_ATTRIBUTE],
            schema.shard_in(record[schema.PARTITION_KEY]),
        )
