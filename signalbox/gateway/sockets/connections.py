"""The register of open connections. Pending and closed ones are not in it, so they are Gone (W21, W22)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Socket(Protocol):
    """The sending side of a client's socket."""

    @property
    def is_open(self) -> bool:
        """Whether the handshake is complete and neither side has started to close."""

    def push(self, frame: bytes) -> bool:
        """Send a text frame without waiting. Return False, and send nothing, when the send buffer is full."""

    def reply(self, frame: bytes) -> bool:
        """Like `push`, but abort the connection if the send buffer is still full after the close grace."""

    def start_close(self, code: int, reason: str = "") -> None:
        """Start to close, and abort if the client does not answer. Does nothing while closing."""


@dataclass(slots=True, eq=False)
class Connection:
    """One client. Times are epoch milliseconds. `user_agent` is None when the client sent none.

    `subprotocol` is the choice of `$connect`. `authorizer` is the context from the authorizer (W45).
    """

    id: str
    connected_at: int
    source_ip: str
    user_agent: str | None
    socket: Socket
    last_active: int
    subprotocol: str | None = None
    authorizer: Mapping[str, str | int] | None = None


class Connections:
    """The open connections by id."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        """Add a connection, at the moment when its handshake is answered with 101."""
        self._open[connection.id] = connection

    def remove(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self._open.pop(connection.id, None)

    def find(self, connection_id: str) -> Connection | None:
        """Return the open connection with that id, or None."""
        connection = self._open.get(connection_id)
        return connection if connection is not None and connection.socket.is_open else None
