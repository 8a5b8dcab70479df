"""A small HTTP/1.1 server for the Runtime API, `@connections` and static files.

Requests of one connection are answered one at a time and in order. `max_head` and `max_body` bound the
memory for a request, and the transport bounds the unread part.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

_LOG = logging.getLogger(__name__)
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/1\.([01])")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(rb"[\x00\r\n]")
_LENGTH = re.compile(r"[0-9]{1,18}")
_LINGER = 1.0


class Headers(Mapping[str, str]):
    """The headers of a request. Names are case-insensitive, and the first of a repeated header counts."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class Request:
    """A complete request. `target` is not decoded and includes the query."""

    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. The protocol adds the headers Content-Length and Connection."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Respond = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Head:
    method: str
    target: str
    headers: Headers
    length: int
    keep_alive: bool


class _RefusedError(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class HttpProtocol(asyncio.Protocol):
    """Serves one connection. `respond` returns a `Response` for each `Request`.

    A head of more than `max_head` bytes is answered with 431, a body of more than `max_body` bytes with 413.
    With `truncate_body`, such a body is read to its end and passed on as its first `max_body` + 1 bytes.
    A request that is not complete within `request_timeout` seconds is answered with 408 (None: no limit).
    A lost connection cancels the running `respond`. An exception in it is logged and answered with 500.
    """

    def __init__(
        self,
        respond: Respond,
        *,
        max_head: int = 65_536,
        max_body: int = 1_048_576,
        truncate_body: bool = False,
        request_timeout: float | None = None,
    ) -> None:
        self._respond = respond
        self._max_head = max_head
        self._max_body = max_body
        self._cut_body = truncate_body
        self._request_timeout = request_timeout
        self._deadline: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._searched = 0
        self._head: _Head | None = None
        self._body = bytearray()
        self._missing = 0
        self._task: asyncio.Task[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._can_write = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to serve a transport, which another protocol may have used before."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take received bytes, in pieces of any size."""
        if self._linger is not None:
            return
        self._buffer += data
        self._advance()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Cancel the running answer, because the client has gone."""
        if self._linger is not None:
            self._linger.cancel()
        self._cancel_deadline()
        if self._task is not None:
            self._task.cancel()

    def abort(self) -> None:
        """Abort the connection at once."""
        self._transport.abort()

    def pause_writing(self) -> None:
        """Start no further answer while the client does not read."""
        self._can_write = False

    def resume_writing(self) -> None:
        """Continue after the client has read."""
        self._can_write = True
        self._advance()

    def _advance(self) -> None:
        if self._transport.is_closing() or self._linger is not None:
            return
        if self._task is not None or not self._can_write:
            if len(self._buffer) > self._max_head:
                self._transport.pause_reading()
            return
        try:
            request = self._take_request()
        except _RefusedError as refusal:
            self._refuse(refusal.status)
            return
        if request is not None:
            self._cancel_deadline()
            self._task = asyncio.get_running_loop().create_task(self._answer(request))
        else:
            self._start_deadline()
            self._transport.resume_reading()

    def _take_request(self) -> Request | None:
        if self._head is None:
            self._head = self._take_head()
        if self._head is None or not self._take_body():
            return None
        head = self._head
        return Request(head.method, head.target, head.headers, bytes(self._body))

    def _take_head(self) -> _Head | None:
        end = self._buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end > self._max_head or (end < 0 and len(self._buffer) > self._max_head):
            raise _RefusedError(431)
        self._searched = 0 if end >= 0 else len(self._buffer)
        if end < 0:
            return None
        head = _parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        if head.length > self._max_body and not self._cut_body:
            raise _RefusedError(413)
        self._body.clear()
        self._missing = head.length
        if self._missing > len(self._buffer) and head.headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return head

    def _take_body(self) -> bool:
        part = self._buffer[: self._missing]
        del self._buffer[: len(part)]
        self._missing -= len(part)
        self._body += part[: self._max_body + 1 - len(self._body)]
        return self._missing == 0

    def _start_deadline(self) -> None:
        has_begun = self._head is not None or bool(self._buffer)
        if has_begun and self._deadline is None and self._request_timeout is not None:
            self._deadline = asyncio.get_running_loop().call_later(self._request_timeout, self._refuse, 408)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._respond(request)
            answer = _render(response, request.method, keep_alive=self._keep_alive)
        except Exception:  # noqa: BLE001 the error boundary of every request
            _LOG.exception("no answer to a %s", request.method)
            answer = _render(Response(500), request.method, keep_alive=self._keep_alive)
        self._transport.write(answer)
        if not self._keep_alive:
            self._transport.close()
        self._head = self._task = None
        self._advance()

    @property
    def _keep_alive(self) -> bool:
        return self._head is not None and self._head.keep_alive

    def _refuse(self, status: int) -> None:
        # Closing with unread bytes of the client would reset the connection and lose the answer.
        self._transport.write(_render(Response(status), "GET", keep_alive=False))
        self._transport.write_eof()
        self._cancel_deadline()
        self._buffer.clear()
        self._linger = asyncio.get_running_loop().call_later(_LINGER, self._transport.close)


def _parse_head(head: bytes) -> _Head:
    first, *lines = head.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise _RefusedError(400)
    method, target, minor = match[1].decode(), match[2].decode(), match[3]
    pairs = [_parse_header(line) for line in lines]
    headers = Headers(pairs)
    if "transfer-encoding" in headers:
        raise _RefusedError(411 if headers["transfer-encoding"].lower() == "chunked" else 501)
    options = headers.get("connection", "").lower().replace(" ", "").split(",")
    keep_alive = minor == b"1" and "close" not in options
    return _Head(method, target, headers, _body_length(pairs), keep_alive)


def _parse_header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not colon or _NAME.fullmatch(name) is None or _FORBIDDEN.search(value):
        raise _RefusedError(400)
    return name.decode(), value.strip(b" \t").decode("latin-1")


def _body_length(pairs: list[tuple[str, str]]) -> int:
    lengths = {value for name, value in pairs if name.lower() == "content-length"}
    if not lengths:
        return 0
    length = lengths.pop()
    # Two different lengths could be used for request smuggling.
    if lengths or _LENGTH.fullmatch(length) is None:
        raise _RefusedError(400)
    return int(length)


def _render(response: Response, method: str, *, keep_alive: bool) -> bytes:
    has_body = response.status not in (204, 304)
    headers = list(response.headers)
    if has_body:
        headers.append(("Content-Length", str(len(response.body))))
    if not keep_alive:
        headers.append(("Connection", "close"))
    lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = "\r\n".join([*lines, "\r\n"]).encode("latin-1")
    return head + response.body if has_body and method != "HEAD" else head


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
