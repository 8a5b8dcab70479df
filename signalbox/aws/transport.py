"""HTTP/1.1 to one host over kept connections. It knows nothing of AWS."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from .connection import Connection
from .errors import StaleConnectionError
from .pool import Origin, Pool
from .response import Response


class Transport:
    """A bounded pool of keep-alive connections to the host of `url`, `http` or `https`.

    `connections` should be no fewer than there are requests at a time: the others wait for one.
    Times are seconds. A request is tried once; only when a *kept* connection turns out to have ended before
    the first byte of an answer is it sent again, on a new connection. It takes at most `connect_timeout` +
    `response_timeout` in all, waiting for a connection included.

    The connections belong to the running event loop and are kept from one invocation to the next. Used from
    another loop, it drops them and starts anew. `tls` replaces the system's certificate authorities.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int = 64,
        connect_timeout: float = 1.0,
        response_timeout: float = 2.0,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"not the URL of a host: {url!r}")
        secure = parts.scheme == "https"
        self._origin = Origin(
            parts.hostname, parts.port or (443 if secure else 80), (tls or True) if secure else None
        )
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._response_timeout = response_timeout
        self._clock = clock
        self._pool: Pool | None = None

    async def request(self, request: bytes) -> Response:
        """Send one complete request, head and body, and return its response. Raises TransportError."""
        pool = self._here()
        deadline = pool.loop.time() + self._connect_timeout + self._response_timeout
        connection = await pool.take(deadline)
        try:
            try:
                response = await self._exchange(connection, request, deadline)
            except StaleConnectionError:
                connection = await pool.connect(deadline)
                response = await self._exchange(connection, request, deadline)
        except BaseException:
            pool.release()
            raise
        pool.put(connection)
        return response

    async def close(self) -> None:
        """End every connection; what is under way fails. A later request starts anew."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
            await asyncio.sleep(0)

    async def _exchange(self, connection: Connection, request: bytes, deadline: float) -> Response:
        answer_by = asyncio.get_running_loop().time() + self._response_timeout
        return await connection.exchange(request, min(answer_by, deadline))

    def _here(self) -> Pool:
        pool = self._pool
        if pool is None or pool.loop is not asyncio.get_running_loop():
            if pool is not None:
                pool.close()
            pool = self._pool = Pool(self._origin, self._connections, self._connect_timeout, self._clock)
        return pool
