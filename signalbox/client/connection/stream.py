"""One WebSocket as a stream of frames: requests out, frames in, and which requests wait for a reply."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeGuard

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..settings import OPEN_TIMEOUT
from .frames import Frame, check_size, compact, encode, read_frame
from .sockets import close_socket, ending, open_socket

KEEP_ALIVE = 300.0
"""Seconds between pings. API Gateway closes a connection after ten idle minutes (W66)."""

_KEEP_ALIVE_ID = "keep-alive"

ReplyFuture = asyncio.Future[Mapping[str, Any]]
"""The fields of the frame that answers a request."""


class FrameStream:
    """An open WebSocket. It matches replies with requests by ``id``, and ids may be used more than once."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[str | int, list[ReplyFuture]] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def unanswered(self) -> int:
        """How many requests wait for a reply."""
        return sum(map(len, self._waiting.values()))

    def awaits(self, request_id: str) -> bool:
        """Whether a request with this id waits for a reply."""
        return request_id in self._waiting

    def next_id(self) -> str:
        """Return a new id for a request."""
        return f"client-{next(self._numbers)}"

    async def request(self, fields: Mapping[str, object]) -> str:
        """Send a request and return its id. Raises UnsendableError, and what ``send`` raises."""
        request_id = self.next_id()
        await self.send(encode({**fields, "id": request_id}), request_id)
        return request_id

    async def send(self, text: str, request_id: object = None) -> None:
        """Send a frame as it is. With an id, a reply to it is expected.

        Raises TooLargeError, ClosedError and LostError.
        """
        check_size(text)
        if _is_id(request_id):
            self.expect(request_id)
        await self.write(text)

    async def write(self, text: str) -> None:
        """Send a frame that was checked before. Raises ClosedError and LostError."""
        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            raise ending(error) from error

    def expect(self, request_id: str | int) -> ReplyFuture:
        """Return a future for the reply to a request."""
        reply: ReplyFuture = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(request_id, []).append(reply)
        self._quiet.clear()
        return reply

    def forget(self, request_id: str | int) -> None:
        """Stop waiting for replies with this id."""
        self._waiting.pop(request_id, None)
        self._note_quiet()

    def fail(self, error: Exception) -> None:
        """Let every request that waits for a reply fail."""
        for reply in itertools.chain.from_iterable(self._waiting.values()):
            if not reply.done():
                reply.set_exception(error)
                reply.exception()  # counts as retrieved: a caller that still sends learns it from the socket

    def settle(self, request_id: object, fields: Mapping[str, Any]) -> None:
        """Take a frame as the reply to the oldest request with this id, if there is one."""
        if not _is_id(request_id) or request_id not in self._waiting:
            return
        replies = self._waiting[request_id]
        reply = replies.pop(0)
        if not reply.done():
            reply.set_result(fields)
        if not replies:
            self.forget(request_id)

    async def receive(self) -> Frame:
        """Return the next frame. Raises ClosedError or LostError at the end."""
        try:
            return read_frame(await self._socket.recv())
        except ConnectionClosed as error:
            raise ending(error) from error

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield every frame and match replies with requests. Raises ClosedError or LostError at the end."""
        while True:
            frame = await self.receive()
            self.settle(frame.request_id, frame.fields or {})
            if frame.request_id != _KEEP_ALIVE_ID:
                yield frame

    async def answered(self) -> None:
        """Return once no request waits for a reply."""
        await self._quiet.wait()

    async def keep_alive(self, interval: float) -> None:
        """Send a ping every ``interval`` seconds for ever. ``frames`` does not yield the answers."""
        ping = compact({"action": "ping", "id": _KEEP_ALIVE_ID})
        while True:
            await asyncio.sleep(interval)
            await self._socket.send(ping)

    async def close(self) -> None:
        """Close the WebSocket normally."""
        await close_socket(self._socket)

    def abort(self) -> None:
        """Cut the TCP connection without a closing handshake."""
        self._socket.transport.abort()

    def _note_quiet(self) -> None:
        if not self._waiting:
            self._quiet.set()


@contextlib.asynccontextmanager
async def open_stream(
    url: str,
    *,
    origin: str | None = None,
    open_timeout: float = OPEN_TIMEOUT,
    keep_alive: float = KEEP_ALIVE,
) -> AsyncIterator[FrameStream]:
    """Open a stream that is kept alive and closed at the end. Raises AddressError and RefusedError."""
    stream = FrameStream(await open_socket(url, origin=origin, open_timeout=open_timeout))
    pings = asyncio.create_task(stream.keep_alive(keep_alive))
    try:
        yield stream
    finally:
        pings.cancel()
        await asyncio.gather(pings, stream.close(), return_exceptions=True)


def _is_id(value: object) -> TypeGuard[str | int]:
    return isinstance(value, str | int)
