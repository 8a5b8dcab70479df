"""One WebSocket connection as a bare protocol: ten thousand of them fit in one process on one core."""

import asyncio
import base64
import hashlib
import os
from collections.abc import Callable
from time import perf_counter_ns
from typing import Protocol

from .errors import FramingError, OpeningError, RefusedError, UnreachableError
from .frames import CLOSE, PING, TEXT, Reader, encode

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_HEAD = 65_536
_BROKEN, _NO_CODE = 1006, 1005
SLOW_PAUSE = 1.0
"""Seconds a slow reader rests after each read."""


class Listener(Protocol):
    """Who wants to know what happens on the connections."""

    def receive(self, index: int, payload: bytes, now: int) -> None:
        """A message came to connection `index`; `now` is in nanoseconds of the monotonic clock."""

    def lose(self, index: int, code: int) -> None:
        """Connection `index`, which nobody here has ended, is gone with this close code."""


class Connection(asyncio.Protocol):
    """A connection from its handshake to its end.

    `opened` is done when it is open, and fails with an OpeningError. `is_open` ends with the connection, or when `leave` or
    `cut` begins to end it. With `slow` it reads a few kilobytes a second.
    """

    __slots__ = ("_closing", "_code", "_head", "_key", "_listener", "_reader", "_request", "_resumed",
                 "_transport", "ended", "index", "is_open", "opened", "slow")  # fmt: skip

    def __init__(self, listener: Listener, index: int, request: "Request", *, slow: bool = False) -> None:
        loop = asyncio.get_running_loop()
        self.index = index
        self.slow = slow
        self.is_open = False
        self.opened: asyncio.Future[None] | None = loop.create_future()
        self.ended: Callable[[], object] | None = None
        self._listener = listener
        self._request: Request | None = request
        self._key = base64.b64encode(os.urandom(16))
        self._head = b""
        self._reader: Reader | None = None
        self._code = _BROKEN
        self._resumed: asyncio.Future[None] | None = None
