"""HTTP/1.1 to one host over kept connections. It knows nothing of AWS but its environment variables."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from .connection import Connection
from .errors import ResponseTimeoutError, StaleConnectionError
from .loop import PerLoop
from .pool import Origin, Pool
from .proxies import refuse_proxy
from .response import MAX_RESPONSE_BYTES, Response
from .tls import trusted_authorities

_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f]*:[0-9a-f:.]+")

DOUBTED_AFTER = 5.0
"""Seconds of idleness after which a connection may have been dropped without a word.

A sandbox is frozen between two events, and routers forget connections meanwhile.
"""

SHORT_ATTEMPT = 0.4
"""Seconds that a doubted connection has for an answer, before the request goes over a new one."""


class Transport:
    """A bounded pool of keep-alive connections to the host of `url`, `http` or `https`.

    `connections` should be no fewer than there are requests at a time: the others wait for one. Times are
    seconds. A response has at most `max_response` bytes. `tls` replaces the certificate authorities.
    `environ` holds proxy variables and `AWS_CA_BUNDLE`.

    The connections belong to the running event loop, and are kept from one invocation to the next. Each loop
    has its own, also where several run at once, and so has each process of a fork.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int = 64,
        connect_timeout: float = 1.0,
        response_timeout: float = 2.0,
        max_response: int = MAX_RESPONSE_BYTES,
        tls: ssl.SSLContext | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
            raise ValueError("not the http or https URL of a host")  # it may hold a password
        secure = parts.scheme == "https"
        make_tls = (lambda: tls) if tls else partial(trusted_authorities, environ)
        port = parts.port or (443 if secure else 80)
        self._origin = Origin(host, port, make_tls if secure else None, max_response)
        self._scheme = parts.scheme
        self._environ = environ
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._response_timeout = response_timeout
        self._clock = clock
        self._pools = PerLoop(self._make_pool)

    def deadline(self) -> float:
        """Return the end of a request that begins now, on the loop's clock: the two timeouts together."""
        return asyncio.get_running_loop().time() + self._connect_timeout + self._response_timeout

    async def request(
        self, request: bytes, *, repeatable: bool = False, deadline: float | None = None
    ) -> Response:
        """Send one complete request, head and body, and return its response.

        It is over at `deadline`, waiting for a connection included; see the method of that name. A request is
        sent a second time, on a new connection, only if a kept one turns out to have ended before the first
        byte of an answer. One that is `repeatable` may also go over a connection that has been idle for long,
        and is sent again if there is no answer soon. Others then get a new connection at once.
        Raises TransportError and ProxyError.
        """
        pool = self._pools.get()
        deadline = deadline or self.deadline()
        connection = await pool.take(deadline)
        try:
            connection, response = await self._send(pool, connection, request, deadline, repeatable)
        except BaseException:
            pool.release()
            raise
        pool.put(connection)
        return response

    def warm(self) -> None:
        """Read the certificate authorities, which takes 20 ms. Raises ConnectError."""
        if self._origin.make_tls is not None:
            self._origin.make_tls()

    async def close(self) -> None:
        """End the running loop's connections; what is under way fails. A later request starts anew."""
        if pool := self._pools.take():
            pool.close()
            await asyncio.sleep(0)

    async def _send(
        self, pool: Pool, connection: Connection, request: bytes, deadline: float, repeatable: bool
    ) -> tuple[Connection, Response]:
        doubted = self._is_doubted(connection)
        if not doubted or repeatable:
            attempt = SHORT_ATTEMPT if doubted else self._response_timeout
            try:
                return connection, await connection.exchange(request, min(self._in(attempt), deadline))
            except StaleConnectionError:
                pass
            except ResponseTimeoutError:
                if not doubted:
                    raise
        connection.drop()
        fresh = await pool.connect(deadline)
        return fresh, await fresh.exchange(request, min(self._in(self._response_timeout), deadline))

    def _is_doubted(self, connection: Connection) -> bool:
        # A clock that was set back says nothing, either.
        return bool(connection.idle_since) and not 0 <= self._clock() - connection.idle_since < DOUBTED_AFTER

    @staticmethod
    def _in(seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds

    def _make_pool(self) -> Pool:
        refuse_proxy(self._scheme, self._origin.host, self._origin.port, self._environ)
        return Pool(self._origin, self._connections, self._connect_timeout, self._clock)
