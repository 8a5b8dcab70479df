"""The open connections of the gateway. Pending and closed ones are not here: both are Gone (W21, W22)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Socket(Protocol):
    """The writing half of a client's socket."""

    @property
    def is_open(self) -> bool:
        """Whether the handshake is complete and nobody has begun to close."""

    def push(self, frame: bytes) -> bool:
        """Send a text frame without waiting; False, and nothing sent, when the send buffer is full."""

    def reply(self, frame: bytes) -> bool:
        """Like `push`; a client that sends but never reads loses its line after the close grace."""

    def start_close(self, code: int, reason: str = "") -> None:
        """Start to close, and cut the line if the client does not follow. Does nothing once closing."""


@dataclass(slots=True, eq=False)
class Connection:
    """One client. Times are epoch milliseconds; `user_agent` is None when it sent none.

    `subprotocol` is the one `$connect` chose, `authorizer` what the authorizer said of the client (W45).
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
        """Make a connection known, at the moment its handshake is answered with 101."""
        self._open[connection.id] = connection

    def remove(self, connection: Connection) -> None:
        """Forget a connection that was closed."""
        self._open.pop(connection.id, None)

    def find(self, connection_id: str) -> Connection | None:
        """The open connection of that id, or None."""
        connection = self._open.get(connection_id)
        return connection if connection is not None and connection.socket.is_open else None
