"""A bounded connection pool of one event loop to one host."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .connection import Connection
from .errors import ConnectError
from .response import MAX_RESPONSE_BYTES

IDLE_LIMIT = 60.0
"""Idle timeout of a connection in seconds. Routers drop idle connections without notice."""

_HANDSHAKES = 16
"""Connections made at once. Each costs up to 1 ms of CPU, and a small Lambda has a tenth of one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Host, port and TLS of the connections, the latter made by a function that may block.

    A response has at most `max_response` bytes.
    """

    host: str
    port: int
    make_tls: Callable[[], ssl.SSLContext] | None
    max_response: int = MAX_RESPONSE_BYTES


class Pool:
    """At most `size` connections. A *place* is the right to one, held by a request or an idle connection.

    Times are seconds. `clock` is the wall clock: it goes on while a sandbox is frozen.
    """

    def __init__(self, origin: Origin, size: int, connect_timeout: float, clock: Callable[[], float]) -> None:
        self.loop = asyncio.get_running_loop()
        self._origin = origin
        self._tls: ssl.SSLContext | None = None
        self._free = size
        self._connect_timeout = connect_timeout
        self._clock = clock
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._handshakes = asyncio.Semaphore(_HANDSHAKES)
        self._tls_lock = asyncio.Lock()
        self._closed = False

    async def take(self, deadline: float) -> Connection:
        """Take a connection with its place. Return both with `put`, or the place alone with `release`.

        `deadline` is on the loop's clock. Raises ConnectError.
        """
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and 0 <= self._clock() - connection.idle_since < IDLE_LIMIT:
                return connection
            connection.drop()
            self.release()
        if self._free:
            self._free -= 1
        elif handed := await self._wait(deadline):
            return handed
        try:
            return await self.connect(deadline)
        except BaseException:
            self.release()
            raise

    async def connect(self, deadline: float) -> Connection:
        """Return a new connection, for a place already held. Raises ConnectError."""
        try:
            async with asyncio.timeout_at(deadline), self._handshakes, asyncio.timeout(self._connect_timeout):
                _, connection = await self.loop.create_connection(
                    self._make,
                    self._origin.host,
                    self._origin.port,
                    ssl=await self._context(),
                )
        except OSError as error:
            raise ConnectError(type(error).__name__) from error
        if self._closed:
            connection.drop()
            raise ConnectError("closed here")
        self._connections.add(connection)
        return connection

    def put(self, connection: Connection) -> None:
        """Give back a connection with its place."""
        connection.idle_since = self._clock()
        if not connection.usable:
            self.release()
        elif not self._hand_on(connection):
            self._idle.append(connection)

    def release(self) -> None:
        """Give back a place whose connection is gone."""
        if not self._hand_on(None):
            self._free += 1

    def close(self) -> None:
        """End every connection in the loop's next iteration, from any thread. Open requests fail."""
        self._closed = True
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._drop_all)

    def _drop_all(self) -> None:
        for connection in tuple(self._connections):
            connection.drop()

    def _make(self) -> Connection:
        return Connection(self.loop, self._connections.discard, self._origin.max_response)

    async def _wait(self, deadline: float) -> Connection | None:
        waiter: asyncio.Future[Connection | None] = self.loop.create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                return await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                self._pass_on(waiter.result())
            if isinstance(error, TimeoutError):
                raise ConnectError("every connection of the pool was busy until the deadline") from error
            raise

    def _pass_on(self, connection: Connection | None) -> None:
        if connection is None:
            self.release()
        else:
            self.put(connection)

    def _hand_on(self, connection: Connection | None) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    async def _context(self) -> ssl.SSLContext | None:
        if self._origin.make_tls is None:
            return None
        async with self._tls_lock:
            if self._tls is None:
                self._tls = await asyncio.to_thread(self._origin.make_tls)  # reads files, 20 ms
        return self._tls
