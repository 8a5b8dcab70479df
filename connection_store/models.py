"""What the store gives out: frozen values, and how each is written into a row."""

from dataclasses import dataclass, field
from typing import Any, Literal, Self

from . import schema
from .wire import Record


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection.

    `user_id` and `name` are None when connect was given none. `connected_at` and `last_seen` are epoch
    milliseconds, `expires_at` is epoch seconds. `client_data` is filled only when it was asked for.
    """

    connection_id: str
    user_id: str | None
    name: str | None
    connected_at: int
    last_seen: int
    expires_at: int
    version: int = schema.VERSION
    client_data: Any = field(default=None, repr=False)

    @property
    def status(self) -> Literal["connected"]:
        """Always "connected": the store gives out no other connections."""
        return "connected"

    @property
    def cursor(self) -> str:
        """A stream or a page resumed with this yields everything after this connection."""
        return schema.cursor_of(self.connection_id)

    def to_record(self, prefix: str) -> Record:
        """Return the row; attributes without a value are left out."""
        key = schema.connection_key(prefix, self.connection_id)
        attributes = {
            "user": self.user_id,
            "name": self.name,
            "connected_at": self.connected_at,
            "last_seen": self.last_seen,
            schema.TTL_ATTRIBUTE: self.expires_at,
            "v": self.version,
        }
        return {**key._asdict(), **{name: value for name, value in attributes.items() if value is not None}}

    @classmethod
    def from_record(cls, record: Record, client_data: Any = None) -> Self:
        """Read a row; attributes of later releases are ignored."""
        return cls(
            connection_id=record[schema.SORT_KEY],
            user_id=record.get("user"),
            name=record.get("name"),
            connected_at=record["connected_at"],
            last_seen=record["last_seen"],
            expires_at=record[schema.TTL_ATTRIBUTE],
            version=record["v"],
            client_data=client_data,
        )


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
