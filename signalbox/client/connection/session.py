"""One connection: requests out, frames in, and which requests still wait for their answer."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, TypeGuard

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..settings import OPEN_TIMEOUT
from .frames import Frame, check_size, compact, encode, read_frame
from .sockets import close_socket, ending, open_socket

KEEP_ALIVE = 300.0
"""Seconds between pings: API Gateway closes a connection that was idle for ten minutes (W66)."""

_BEAT = "keep-alive"


class Session:
    """An open connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: Counter[str | int] = Counter()
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def unanswered(self) -> int:
        """How many requests wait for their answer."""
        return self._waiting.total()

    def awaits(self, request_id: str) -> bool:
        """Whether a request with this id waits for its answer."""
        return request_id in self._waiting

    def next_id(self) -> str:
        """An id for a request that has none."""
        return f"client-{next(self._numbers)}"

    async def request(self, fields: Mapping[str, object]) -> str:
        """Send a request and return the id it was given. Raises UnsendableError, and what send raises."""
        request_id = self.next_id()
        await self.send(encode({**fields, "id": request_id}), request_id)
        return request_id

    async def send(self, text: str, request_id: object = None) -> None:
        """Send a frame as it is; with an id, expect an answer to it.

        Raises TooLargeError, ClosedError and LostError.
        """
        check_size(text)
        if _is_id(request_id):
            self._waiting[request_id] += 1
            self._quiet.clear()
        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            raise ending(error) from error

    async def frames(self) -> AsyncIterator[Frame]:
        """Every frame as it comes. Raises ClosedError or LostError at the end."""
        try:
            while True:
                frame = read_frame(await self._socket.recv())
                self._settle(frame.request_id)
                if frame.request_id != _BEAT:
                    yield frame
        except ConnectionClosed as error:
            raise ending(error) from error

    async def answered(self) -> None:
        """Return once no request waits for its answer."""
        await self._quiet.wait()

    async def keep_alive(self, interval: float) -> None:
        """Send a ping every ``interval`` seconds for ever; its answer is not among the frames."""
        beat = compact({"action": "ping", "id": _BEAT})
        while True:
            await asyncio.sleep(interval)
            await self._socket.send(beat)

    async def close(self) -> None:
        """Close the connection normally."""
        await close_socket(self._socket)

    def _settle(self, request_id: object) -> None:
        if not _is_id(request_id) or request_id not in self._waiting:
            return
        self._waiting[request_id] -= 1
        if not self._waiting[request_id]:
            del self._waiting[request_id]
        if not self._waiting:
            self._quiet.set()


@contextlib.asynccontextmanager
async def open_session(
    url: str,
    *,
    origin: str | None = None,
    open_timeout: float = OPEN_TIMEOUT,
    keep_alive: float = KEEP_ALIVE,
) -> AsyncIterator[Session]:
    """A session that is closed at the end. Raises AddressError and RefusedError."""
    session = Session(await open_socket(url, origin=origin, open_timeout=open_timeout))
    beat = asyncio.create_task(session.keep_alive(keep_alive))
    try:
        yield session
    finally:
        beat.cancel()
        await asyncio.gather(beat, session.close(), return_exceptions=True)


async def first_of(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run them side by side until one ends; the others are cancelled. Raises what that one raises."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _is_id(value: object) -> TypeGuard[str | int]:
    return isinstance(value, str | int)
