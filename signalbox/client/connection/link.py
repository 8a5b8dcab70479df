"""One connection: requests and their answers, the beat, and everything else that comes over it."""

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..channels.reading import Farewell, Inbound, Reply, Unasked, read_heads, read_inbound
from ..errors import ClientError, ClosedError, DismissedError, LostError, RequestError, UnansweredError
from ..settings import Settings
from ..tasks import Tasks
from ..values import Position
from .frames import encode
from .sockets import close_socket, ending

_LONGEST_BEAT = 1_000_000  # seconds; no connection lasts as long


class Host(Protocol):
    """Whom a connection tells what comes over it."""

    def receive(self, link: "Link", inbound: Unasked, data: str | bytes) -> None:
        """Something came that no request had asked for; ``data`` is the frame itself."""

    def positions(self) -> Mapping[str, Position]:
        """Where the channels are, for the beat."""

    def catch_up(self, link: "Link", heads: Mapping[str, Position]) -> None:
        """The server says where channels are that have gone on."""


class Link:
    """An open connection.

    ``over`` is done when it has ended, with the reason; ``leaving`` when it has to; ``reader`` when the last
    frame has been read. ``born`` is when it began by the server's clock, in epoch milliseconds.
    """

    def __init__(self, socket: ClientConnection, settings: Settings, host: Host) -> None:
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[ClientError] = self._loop.create_future()
        self.leaving: asyncio.Future[None] = self._loop.create_future()
        self.opened_at = self._loop.time()
        self.born: int | None = None
        self._socket = socket
        self._settings = settings
        self._host = host
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._beat: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks = Tasks()
        self.reader = self._tasks.start(self._read())

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return self._loop.time() - self.opened_at

    async def greet(self) -> None:
        """Say hello. Raises what ``request`` raises."""
        match await self.request("hello", {}):
            case {"connected_at": int(born)}:
                self.born = born

    async def request(
        self, action: str, fields: Mapping[str, Any], deadline: float | None = None
    ) -> Mapping[str, Any]:
        """The answer to a request, by the loop's time at ``deadline`` if not in ``request_timeout`` seconds.

        Raises UnsendableError, RequestError, UnansweredError, and LostError or ClosedError when the
        connection ends first.
        """
        number = next(self._numbers)
        text = encode({"action": action, "id": number, **fields})
        reply = await self._ask(number, text, action, deadline or self._deadline())
        if reply.get("type") == "error":
            error = RequestError(reply)
            if error.code == "connection_gone":
                self.drop(LostError(str(error)))
            raise error
        self._note_beat(reply)
        return reply

    def leave(self) -> None:
        """Have another connection take its place soon."""
        if not self.leaving.done():
            self.leaving.set_result(None)

    def drop(self, error: ClientError) -> None:
        """Cut the connection."""
        self._finish(error, LostError(str(error)))
        self._socket.transport.abort()

    async def retire(self) -> None:
        """Close the connection once its last requests are answered, or their time is over."""
        if self._waiting:
            await asyncio.wait(list(self._waiting.values()), timeout=self._settings.request_timeout)
        await self.close()

    async def close(self) -> None:
        """Close the connection normally."""
        closed = ClosedError("the client is closed")
        self._finish(closed, closed)
        await close_socket(self._socket)
        await asyncio.wait([self.reader])
        await self._tasks.cancel()

    def _deadline(self) -> float:
        return self._loop.time() + self._settings.request_timeout

    async def _ask(self, number: int, text: str, action: str, deadline: float) -> Mapping[str, Any]:
        if self.over.done():
            raise LostError(str(self.over.result()))
        answer = self._waiting[number] = self._loop.create_future()
        try:
            async with asyncio.timeout_at(deadline):
                await self._socket.send(text)
                reply: Mapping[str, Any] = await answer
                return reply
        except ConnectionClosed as error:  # the reader may not have noticed yet
            reason = ending(error)
            self._finish(reason, LostError(str(reason)))
            raise LostError(str(reason)) from error
        except TimeoutError:
            words = f"no answer to {action} within {self._settings.request_timeout:g} s"
            raise UnansweredError(words) from None
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        try:
            while True:
                data = await self._socket.recv()
                self._sort(read_inbound(data), data)
        except ConnectionClosed as error:
            reason = ending(error)
            self._finish(reason, LostError(str(reason)))

    def _sort(self, inbound: Inbound, data: str | bytes) -> None:
        match inbound:
            case Reply(number, fields):
                answer = self._waiting.get(number) if isinstance(number, int) else None
                if answer and not answer.done():
                    answer.set_result(fields)
            case Farewell(reconnect=True):
                self.leave()
            case Farewell(code):
                self.drop(DismissedError(code))
            case _:
                self._host.receive(self, inbound, data)

    def _finish(self, reason: ClientError, failure: ClientError) -> None:
        if self.over.done():
            return
        self.over.set_result(reason)
        self._disarm()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(failure)
                answer.exception()  # that counts as seen: who asked may still be sending, and learn it so

    def _note_beat(self, reply: Mapping[str, Any]) -> None:
        match reply:
            case {"beat": int(beat)} if beat > 0:
                self._beat = min(beat, _LONGEST_BEAT)
                self._arm()

    def _arm(self) -> None:
        self._disarm()
        if self._beat and not self.over.done():
            self._timer = self._loop.call_later(self._beat, lambda: self._tasks.start(self._ping()))

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()

    async def _ping(self) -> None:
        # In any case, however much else is sent: nothing else says what is behind (F13).
        self._arm()
        positions = {channel: place.fields() for channel, place in self._host.positions().items()}
        try:
            pong = await self.request("ping", {"positions": positions} if positions else {})
        except UnansweredError as error:
            self.drop(LostError(str(error)))
        except ClientError:  # an error is a sign of life as well
            return
        else:
            self._host.catch_up(self, read_heads(pong))
