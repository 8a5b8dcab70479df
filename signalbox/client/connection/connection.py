"""One connection of a client: requests and their replies, the heartbeat, and frames nobody asked for."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from ..channels.decoding import Disconnect, Inbound, Reply, Unsolicited, read_behind, read_inbound
from ..errors import ClientError, ClosedError, DisconnectedError, LostError, RequestError, UnansweredError
from ..settings import Settings
from ..tasks import Tasks
from ..values import Position
from .frames import Frame, encode
from .stream import FrameStream

_LONGEST_HEARTBEAT = 1_000_000  # seconds; no connection lasts as long


class Listener(Protocol):
    """Receives what comes over a connection."""

    def receive(self, connection: "Connection", inbound: Unsolicited, frame: Frame) -> None:
        """Take a frame that answers no request."""

    def positions(self) -> Mapping[str, Position]:
        """Return the position in each channel, for the heartbeat."""

    def catch_up(self, connection: "Connection", behind: Mapping[str, Position]) -> None:
        """Take the server's positions of channels in which publications were missed."""


class Connection:
    """An open connection that speaks the protocol.

    ``ended`` is done when the connection has ended, with the reason. ``leaving`` is done when another one
    should replace it, ``reader`` when the last frame was read. ``connected_at`` is the server's time of the
    handshake in epoch milliseconds.
    """

    def __init__(self, stream: FrameStream, settings: Settings, listener: Listener) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[ClientError] = self._loop.create_future()
        self.leaving: asyncio.Future[None] = self._loop.create_future()
        self.opened_at = self._loop.time()
        self.connected_at: int | None = None
        self._stream = stream
        self._settings = settings
        self._listener = listener
        self._heartbeat: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks = Tasks()
        self.reader = self._tasks.start(self._read())

    @property
    def age(self) -> float:
        """Seconds since the connection was opened."""
        return self._loop.time() - self.opened_at

    async def greet(self) -> None:
        """Send ``hello``. Raises what ``request`` raises."""
        match await self.request("hello", {}):
            case {"connected_at": int(connected_at)}:
                self.connected_at = connected_at

    async def request(
        self, action: str, fields: Mapping[str, Any], deadline: float | None = None
    ) -> Mapping[str, Any]:
        """Send a request and return its reply.

        ``deadline`` is a time of the loop; without it the reply may take ``request_timeout`` seconds. Raises
        UnsendableError, RequestError, UnansweredError, and LostError or ClosedError when the connection ends
        first.
        """
        request_id = self._stream.next_id()
        text = encode({"action": action, "id": request_id, **fields})
        reply = await self._ask(request_id, text, action, deadline or self._deadline())
        if reply.get("type") == "error":
            error = RequestError(reply)
            if error.code == "connection_gone":
                self.drop(LostError(str(error)))
            raise error
        self._note_heartbeat(reply)
        return reply

    def leave(self) -> None:
        """Ask for another connection to replace this one soon."""
        if not self.leaving.done():
            self.leaving.set_result(None)

    def drop(self, error: ClientError) -> None:
        """Cut the connection."""
        self._finish(error, LostError(str(error)))
        self._stream.abort()

    async def retire(self) -> None:
        """Close the connection once its last requests are answered or timed out."""
        try:
            async with asyncio.timeout(self._settings.request_timeout):
                await self._stream.answered()
        except TimeoutError:
            pass
        await self.close()

    async def close(self) -> None:
        """Close the connection normally."""
        closed = ClosedError("the client is closed")
        self._finish(closed, closed)
        await self._stream.close()
        await asyncio.wait([self.reader])
        await self._tasks.cancel()

    def _deadline(self) -> float:
        return self._loop.time() + self._settings.request_timeout

    async def _ask(self, request_id: str, text: str, action: str, deadline: float) -> Mapping[str, Any]:
        if self.ended.done():
            raise LostError(str(self.ended.result()))
        reply = self._stream.expect(request_id)
        try:
            async with asyncio.timeout_at(deadline):
                await self._write(text)
                return await reply
        except TimeoutError:
            timeout = self._settings.request_timeout
            raise UnansweredError(f"no answer to {action} within {timeout:g} s") from None
        finally:
            self._stream.forget(request_id)

    async def _write(self, text: str) -> None:
        try:
            await self._stream.write(text)
        except (ClosedError, LostError) as reason:  # the reader may not have noticed yet
            self._finish(reason, LostError(str(reason)))
            raise LostError(str(reason)) from reason

    async def _read(self) -> None:
        try:
            while True:
                frame = await self._stream.receive()
                self._dispatch(read_inbound(frame), frame)
        except (ClosedError, LostError) as reason:
            self._finish(reason, LostError(str(reason)))

    def _dispatch(self, inbound: Inbound, frame: Frame) -> None:
        match inbound:
            case Reply(request_id, fields):
                self._stream.settle(request_id, fields)
            case Disconnect(reconnect=True):
                self.leave()
            case Disconnect(code):
                self.drop(DisconnectedError(code))
            case _:
                self._listener.receive(self, inbound, frame)

    def _finish(self, reason: ClientError, failure: ClientError) -> None:
        if self.ended.done():
            return
        self.ended.set_result(reason)
        self._cancel_heartbeat()
        self._stream.fail(failure)

    def _note_heartbeat(self, reply: Mapping[str, Any]) -> None:
        match reply:
            case {"beat": int(seconds)} if seconds > 0:
                self._heartbeat = min(seconds, _LONGEST_HEARTBEAT)
                self._schedule_heartbeat()

    def _schedule_heartbeat(self) -> None:
        self._cancel_heartbeat()
        if self._heartbeat and not self.ended.done():
            self._timer = self._loop.call_later(self._heartbeat, lambda: self._tasks.start(self._ping()))

    def _cancel_heartbeat(self) -> None:
        if self._timer:
            self._timer.cancel()

    async def _ping(self) -> None:
        # Even while other requests are sent: no other reply says which channels are behind (F13).
        self._schedule_heartbeat()
        positions = {channel: position.fields() for channel, position in self._listener.positions().items()}
        try:
            pong = await self.request("ping", {"positions": positions} if positions else {})
        except UnansweredError as error:
            self.drop(LostError(str(error)))
        except ClientError:  # an error frame is a sign of life as well
            return
        else:
            self._listener.catch_up(self, read_behind(pong))
