"""Opens connections to one address and explains failures."""

import asyncio
import errno
import socket
import ssl

from ..errors import UnreachableError
from .connection import Connection, Listener
from .handshake import Address

OPEN_TIMEOUT = 30.0
"""Seconds. ``$connect`` may take up to 29, the integration timeout of API Gateway."""

_SLOW_BUFFER = 4_096
"""Bytes the system buffers for a slow reader. With the usual megabytes it would hardly be slow."""


class Dialer:
    """Resolves a host name once and uses the first of its addresses that answers."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._hosts: list[tuple[int, str]] = []

    async def resolve(self) -> None:
        """Resolve the host name. Raises UnreachableError."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._address.host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnreachableError(f"no such host: {self._address.host}") from error
        self._hosts = [(family, str(name[0])) for family, _, _, _, name in found]

    async def open(self, listener: Listener, index: int, *, slow: bool = False) -> Connection:
        """Open a connection. Raises OpeningError."""
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                return await self._open(Connection(listener, index, self._address, slow=slow))
        except TimeoutError as error:
            raise UnreachableError(f"no answer within {OPEN_TIMEOUT:g} s") from error
        except OSError as error:
            raise UnreachableError(_explain(error)) from error

    async def _open(self, connection: Connection) -> Connection:
        tls, line = self._address.tls, await self._connect(slow=connection.slow)
        name = self._address.host if tls else None
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: connection, sock=line, ssl=tls, server_hostname=name)
        try:
            await connection.opened()
        except BaseException:
            connection.cut()
            raise
        return connection

    async def _connect(self, *, slow: bool) -> socket.socket:
        for family, host in self._hosts[:-1]:
            try:
                line = await self._dial(family, host, slow)
            except OSError:
                continue
            self._hosts = [(family, host)]
            return line
        return await self._dial(*self._hosts[-1], slow)

    async def _dial(self, family: int, host: str, slow: bool) -> socket.socket:
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.setblocking(False)
            if slow:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BUFFER)
            await asyncio.get_running_loop().sock_connect(line, (host, self._address.port))
        except BaseException:
            line.close()
            raise
        return line


def _explain(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return "TLS failed; does the server want ws:// instead of wss://?"
        case ConnectionResetError():
            return "hung up during the handshake"
    match error.errno:
        case errno.ECONNREFUSED:
            return "connection refused: nothing listens there; is the backend running?"
        case errno.EADDRNOTAVAIL:
            return "no local port left: one machine has about 28,000 towards one address"
    return f"no connection: {error.strerror or error}"
