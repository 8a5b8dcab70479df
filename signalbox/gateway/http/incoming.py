"""Protocol detection: the first bytes of a connection tell a WebSocket handshake from plain HTTP."""

import asyncio
from collections.abc import Callable, MutableSet
from typing import Any, cast

from websockets.asyncio.server import Server, ServerConnection
from websockets.protocol import State
from websockets.server import ServerProtocol

from ..config import Limits
from ..log import record
from ..sockets.connections import Connection

_MAX_HEAD = 65_536


class IncomingConnection(ServerConnection):
    """Reads the head of a request. Then it becomes a WebSocket connection, or hands over to `http()`.

    A head that is late, exceeds 64 KB or is not HTTP ends the connection. `transports` contains the
    transports of all open connections, of either kind.
    """

    # As entries of the instance's dict they would cost 3 KB for each connection.
    __slots__ = (
        "_abort_timer",
        "_closing",
        "_head",
        "_http",
        "_limits",
        "_refused",
        "_transports",
        "close_started",
        "connection",
        "source_ip",
        "task",
        "upgraded",
    )

    def __init__(
        self,
        protocol: ServerProtocol,
        server: Server,
        *,
        limits: Limits,
        http: Callable[[], asyncio.Protocol],
        transports: MutableSet[asyncio.Transport],
        **options: Any,
    ) -> None:
        super().__init__(protocol, server, **options)
        self.connection: Connection | None = None
        self.task: asyncio.Task[None] | None = None
        self.source_ip = ""
        self.upgraded = False
        self.close_started = False
        self._limits = limits
        self._http = http
        self._transports = transports
        self._head = b""
        self._refused = False
        self._closing = False
        self._abort_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head of the first request."""
        self.transport = cast("asyncio.Transport", transport)
        self._transports.add(self.transport)
        # The peer is None when the client has already gone.
        self.source_ip = (transport.get_extra_info("peername") or ("127.0.0.1",))[0]
        self._abort_timer = self.loop.call_later(self._limits.head_timeout, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Collect the head, or read frames."""
        if not self.upgraded:
            self._read_head(data)
            return
        super().data_received(data)
        if self.protocol.close_expected():
            self._abort_after_grace()
        # The library sends pongs even to a client that never reads, so the buffer could grow without limit.
        if self.transport.get_write_buffer_size() > self._limits.send_buffer + self._limits.message:
            self.transport.abort()

    def eof_received(self) -> None:
        """Close a connection that ends before its head is complete."""
        if self.upgraded:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the connection."""
        self._cancel_abort()
        if self.upgraded:
            super().connection_lost(exc)
        else:
            self._discard_parser()

    @property
    def is_open(self) -> bool:
        """Whether the handshake is complete and neither side has started to close."""
        return self.state is State.OPEN

    def push(self, frame: bytes) -> bool:
        """Send a text frame without waiting. Return False, and send nothing, when the send buffer is full."""
        if self._is_full():
            return False
        if self.is_open and not self.transport.is_closing():
            self.protocol.send_text(frame)
            self.send_data()
        return True

    def reply(self, frame: bytes) -> bool:
        """Like `push`, but abort the connection if the send buffer is still full after the close grace."""
        sent = self.push(frame)
        if not sent and self._abort_timer is None:
            self._abort_timer = self.loop.call_later(self._limits.close_grace, self._abort_if_full)
        return sent

    def start_close(self, code: int, reason: str = "") -> None:
        """Send a close frame. Abort the connection if the client does not answer within the close grace."""
        self.close_started = True
        if not self.is_open:
            return
        self.protocol.send_close(code, reason)
        self.send_data()
        self._abort_after_grace()

    def _read_head(self, data: bytes) -> None:
        if self._refused:
            return
        self._head += data
        head, end, _ = self._head.partition(b"\r\n\r\n")
        if not self._head[:1].isalpha():
            self._refuse(b"400 Bad Request")
        elif len(head) > _MAX_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")
        elif end:
            self._dispatch(head)

    def _dispatch(self, head: bytes) -> None:
        self._cancel_abort()
        received, self._head = self._head, b""
        if head.startswith(b"GET ") and b"\r\nupgrade:" in head.lower():
            self.upgraded = True
            super().connection_made(self.transport)
            super().data_received(received)
        else:
            self._discard_parser()
            plain = self._http()
            self.transport.set_protocol(plain)
            plain.connection_made(self.transport)
            plain.data_received(received)

    def _discard_parser(self) -> None:
        # A parser and its coroutine reference each other, so only the garbage collector would free them.
        self.protocol.parser.close()

    def _refuse(self, status: bytes) -> None:
        # Closing with unread bytes of the client would reset the connection and lose the answer.
        self._refused = True
        record("", "-", int(status[:3]), "no HTTP request")
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.transport.write_eof()

    def _abort_after_grace(self) -> None:
        if not self._closing:
            self._closing = True
            self._cancel_abort()
            self._abort_timer = self.loop.call_later(self._limits.close_grace, self.transport.abort)

    def _cancel_abort(self) -> None:
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None

    def _is_full(self) -> bool:
        return self.transport.get_write_buffer_size() > self._limits.send_buffer

    def _abort_if_full(self) -> None:
        self._abort_timer = None
        if self._is_full():
            self.transport.abort()
