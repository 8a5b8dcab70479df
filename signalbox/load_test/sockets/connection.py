"""A WebSocket connection as a bare asyncio protocol. One process on one core holds ten thousand."""

import asyncio
import base64
import os
from time import perf_counter_ns
from typing import Protocol, cast

from ..errors import FramingError, LoadTestError, OpeningError, UnreachableError
from .frames import CLOSE, PING, PONG, TEXT, FrameReader, encode
from .handshake import MAX_HEAD, Address, check_answer, make_request

SLOW_PAUSE = 1.0
"""Seconds that a slow reader pauses after each read."""

_NORMAL, _NO_CODE, _BROKEN = 1000, 1005, 1006


class Listener(Protocol):
    """Receives what happens on the connections."""

    def receive(self, index: int, payload: bytes, now: int) -> None:
        """Take a message of connection `index`. `now` is nanoseconds of the monotonic clock."""

    def lose(self, index: int, code: int) -> None:
        """Note that the other side has ended connection `index` with this close code."""


class Connection(asyncio.Protocol):
    """A connection from its handshake to its end. With `slow` it reads once in SLOW_PAUSE seconds."""

    __slots__ = (
        "_address", "_code", "_ended", "_head", "_key", "_leaving", "_listener", "_opened", "_reader",
        "_resumed", "_transport", "index", "slow",
    )  # fmt: skip

    def __init__(self, listener: Listener, index: int, address: Address, *, slow: bool = False) -> None:
        self.index = index
        self.slow = slow
        self._listener = listener
        self._address = address
        self._key = base64.b64encode(os.urandom(16))
        self._head = b""
        self._reader: FrameReader | None = None
        self._opened: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[None] | None = None
        self._resumed: asyncio.Future[None] | None = None
        self._leaving = False
        self._code = _BROKEN

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent and received."""
        return self._reader is not None and not self._leaving and not self._transport.is_closing()

    async def opened(self) -> None:
        """Wait until the WebSocket is open. Raises OpeningError."""
        if self._opened:
            try:
                await self._opened
            finally:
                self._opened = None

    async def writable(self) -> None:
        """Wait until the system accepts more data, so that a message leaves at once or is lost."""
        while self._resumed and not self._resumed.done():
            await asyncio.wait([self._resumed])

    def send(self, message: bytes) -> None:
        """Send a text message."""
        self._write(TEXT, message)

    def leave(self) -> "asyncio.Future[None]":
        """Close normally. Returns a future that is done when the connection has ended."""
        self._ended = asyncio.get_running_loop().create_future()
        self._leaving = True
        self._transport.resume_reading()
        self._write(CLOSE, _NORMAL.to_bytes(2, "big"))
        return self._ended

    def cut(self) -> None:
        """Cut the connection without a closing handshake."""
        self._leaving = True
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transport is not a subclass
        self._transport.write(make_request(self._address, self._key))

    def data_received(self, data: bytes) -> None:
        """Read the frames of the server."""
        now = perf_counter_ns()
        try:
            if self._reader is None:
                data = self._open(data)
            if self._reader is not None:
                for opcode, payload in self._reader.feed(data):
                    if opcode < CLOSE:
                        self._listener.receive(self.index, payload, now)
                    else:
                        self._control(opcode, payload)
        except OpeningError as error:
            self._fail(error)
        except FramingError as error:
            self._code = error.code
            self._write(CLOSE, error.code.to_bytes(2, "big"))
            self._transport.close()
        if self.slow and not self._leaving:
            self._rest()

    def connection_lost(self, _: Exception | None) -> None:
        """Tell the listener and end every wait."""
        self._fail(UnreachableError("hung up during the handshake"))
        if self._reader and not self._leaving:
            self._listener.lose(self.index, self._code)
        self._leaving = True
        for waiting in (self._ended, self._resumed):
            if waiting and not waiting.done():
                waiting.set_result(None)

    def pause_writing(self) -> None:
        """The system accepts no more data for now."""
        self._resumed = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """The system accepts data again."""
        if self._resumed and not self._resumed.done():
            self._resumed.set_result(None)
        self._resumed = None

    def _open(self, data: bytes) -> bytes:
        head, end, rest = (self._head + data).partition(b"\r\n\r\n")
        if not end:
            self._head = head
            if len(head) > MAX_HEAD:
                raise UnreachableError("what answers there does not speak WebSocket")
            return b""
        check_answer(head, self._key)
        self._head = b""
        self._reader = FrameReader()
        if self._opened and not self._opened.done():
            self._opened.set_result(None)
        return rest

    def _fail(self, error: LoadTestError) -> None:
        if self._opened and not self._opened.done():
            self._opened.set_exception(error)
        if not self._reader:
            self._transport.abort()

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._write(PONG, payload)
        elif opcode == CLOSE:
            self._code = int.from_bytes(payload[:2], "big") or _NO_CODE
            if not self._leaving:
                self._write(CLOSE, payload[:2])
            self._transport.close()

    def _rest(self) -> None:
        self._transport.pause_reading()
        asyncio.get_running_loop().call_later(SLOW_PAUSE, self._wake)

    def _wake(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _write(self, opcode: int, payload: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(encode(opcode, payload, os.urandom(4)))
