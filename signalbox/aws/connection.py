"""One keep-alive connection of HTTP/1.1, with one request at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from .errors import (
    ConnectionLostError,
    InvalidResponseError,
    ResponseTimeoutError,
    StaleConnectionError,
    TransportError,
)
from .response import MAX_RESPONSE_BYTES, Response, ResponseParser

_BUFFER_BYTES = 16_384


class Connection(asyncio.BufferedProtocol):
    """The client's end of a connection, without pipelining. Any violation of the protocol ends it.

    It has its own read buffer, because the loops allocate 256 KB for each response by default. A response
    has at most `max_response` bytes.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_lost: Callable[[Connection], None],
        max_response: int = MAX_RESPONSE_BYTES,
    ) -> None:
        self.idle_since = 0.0
        self._max_response = max_response
        self._loop = loop
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._parser: ResponseParser | None = None
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._kept = False

    @property
    def usable(self) -> bool:
        """Whether another request may be sent on it."""
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, request: bytes, deadline: float) -> Response:
        """Send one request and return its response.

        `deadline` is on the loop's clock, in seconds. Raises StaleConnectionError when a kept connection
        turns out to have ended, and another TransportError when there is no response.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            raise StaleConnectionError("ended while it was idle")
        self._parser = ResponseParser(self._max_response)
        self._waiter = self._loop.create_future()
        self._watch(deadline)
        transport.write(request)
        try:
            response = await self._waiter
        except BaseException:
            self.drop()
            raise
        self._waiter = self._parser = None  # the parser holds the whole answer
        self._kept = True
        # An answer that came before the whole request was out leaves the rest of it in the way.
        if not response.keep_alive or transport.get_write_buffer_size():
            self.drop()
        return response

    def drop(self) -> None:
        """End the connection now; an exchange under way fails."""
        self._fail(ConnectionLostError("dropped"))
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio)."""
        self._transport = cast(
            asyncio.Transport, transport
        )  # uvloop's transport has the same methods, but another base class

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Say where to read to (asyncio)."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take a part of the answer (asyncio)."""
        if self._parser is None or self._waiter is None or self._waiter.done():
            self.drop()  # an answer without a request
            return
        try:
            response = self._parser.feed(self._buffer[:nbytes])
        except InvalidResponseError as error:
            self._fail(error)
            self.drop()
            return
        if response is not None:
            self._waiter.set_result(response)

    def connection_lost(self, exc: Exception | None) -> None:
        """Settle what was under way (asyncio)."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        response = self._parser.end() if self._parser and exc is None else None
        if response is not None and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(response)
        elif self._kept and not (self._parser and self._parser.started):
            self._fail(StaleConnectionError("ended before any answer"))
        else:
            self._fail(ConnectionLostError("ended before the answer was complete"))
        self._on_lost(self)

    def _fail(self, error: TransportError) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    def _watch(self, deadline: float) -> None:
        # One timer outlives many requests and looks again when it fires: making and cancelling one for
        # each costs more than the signature.
        self._deadline = deadline
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._watch(self._deadline)
        else:
            self._fail(ResponseTimeoutError("no answer in time"))
            self.drop()
