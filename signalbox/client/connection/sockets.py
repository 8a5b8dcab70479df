"""WebSockets: how they are opened and closed, and which error explains a failure."""

import asyncio
from collections.abc import Sequence
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException
from websockets.frames import Close
from websockets.typing import Origin, Subprotocol

from ..errors import AddressError, ClosedError, LostError, RefusedError
from ..settings import OPEN_TIMEOUT
from .explanations import explain_address, explain_close, explain_failure

CLOSE_TIMEOUT = 2.0

_NORMAL = (1000, 1005)


async def open_socket(
    url: str,
    *,
    subprotocols: Sequence[str] = (),
    origin: str | None = None,
    open_timeout: float = OPEN_TIMEOUT,
    ping_interval: float | None = 20,
) -> ClientConnection:
    """Open a WebSocket. Raises AddressError and RefusedError."""
    try:
        opening = connect(
            url,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            origin=None if origin is None else Origin(origin),
            compression=None,
            open_timeout=open_timeout,
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=ping_interval,
            proxy=_proxy(url),
        )
    except (InvalidURI, ValueError) as error:
        raise AddressError(explain_address(url, error)) from error
    try:
        return await opening
    except InvalidStatus as error:
        raise RefusedError(explain_failure(error, open_timeout), error.response.status_code) from error
    except (OSError, ValueError, ImportError, WebSocketException) as error:
        raise RefusedError(explain_failure(error, open_timeout)) from error


async def close_socket(socket: ClientConnection) -> None:
    """Close a WebSocket normally, or cut it when the server does not read."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await socket.close()
    except TimeoutError:
        socket.transport.abort()


def check_address(url: str) -> None:
    """Raise AddressError if ``url`` cannot be the address of a WebSocket."""
    try:
        connect(url)  # nothing is opened before this is awaited
    except (InvalidURI, ValueError) as error:
        raise AddressError(explain_address(url, error)) from error


def with_query(url: str, **values: str) -> str:
    """Return ``url`` with these values in its query. They replace values of the same names.

    Raises AddressError.
    """
    try:
        parts = urlsplit(url)
        query = [(key, value) for key, value in parse_qsl(parts.query, True) if key not in values]
        return urlunsplit(parts._replace(query=urlencode([*query, *values.items()])))
    except ValueError as error:
        raise AddressError(explain_address(url, error)) from error


def ending(error: ConnectionClosed) -> ClosedError | LostError:
    """Return the error that says why an open connection ended."""
    close = error.rcvd or error.sent or Close(1006, "")
    kind = ClosedError if error.rcvd and close.code in _NORMAL else LostError
    return kind(explain_close(close.code, close.reason))


def _proxy(url: str) -> Literal[True] | None:
    # A proxy set for the outside world never leads back to this machine.
    return None if urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1") else True
