"""Reading HTTP/1.1 responses (RFC 9112): bytes in, a `Response` out. No socket, no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import InvalidResponseError

MAX_RESPONSE_BYTES = 65_536
"""The default bound of one response, framing included. Those of `@connections` are under 1 KB."""

MAX_HEAD_BYTES = 65_536
"""The bound of what comes before the body."""

MAX_CHUNK_LINE = 1_024
"""Bytes of the line before a chunk, with its extensions."""

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?\r\n")
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding|connection):[ \t]*([^\r\n]*)", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_WITHOUT_BODY = {204, 304}


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: its status, its raw head, its body, and whether the connection may be kept."""

    status: int
    head: bytes
    body: bytes
    keep_alive: bool

    def header(self, name: str) -> str | None:
        """Return the first header of that name, or None."""
        pattern = rb"\r\n%b:[ \t]*([^\r\n]*)" % re.escape(name.encode("ascii"))
        found = re.search(pattern, self.head, re.IGNORECASE)
        return found[1].decode("latin-1").rstrip() if found else None


class ResponseParser:
    """An incremental parser of one response of at most `limit` bytes, framing included."""

    __slots__ = (
        "_body",
        "_buffer",
        "_chunked",
        "_head",
        "_keep_alive",
        "_length",
        "_limit",
        "_start",
        "_status",
    )

    def __init__(self, limit: int = MAX_RESPONSE_BYTES) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._head = b""
        self._body = bytearray()
        self._start = 0
        self._status = 0
        self._length: int | None = None
        self._chunked = False
        self._keep_alive = True

    @property
    def started(self) -> bool:
        """Whether any byte of an answer has come."""
        return bool(self._buffer)

    def feed(self, data: bytes | memoryview) -> Response | None:
        """Take some bytes; the response once it is complete. Raises InvalidResponseError."""
        self._buffer += data
        if len(self._buffer) > self._limit:
            raise InvalidResponseError(f"over {self._limit} bytes")
        if not self._head and not self._read_head():
            return None
        if self._chunked:
            return self._read_chunks()
        if self._length is None or len(self._buffer) < self._start + self._length:
            return None
        end = self._start + self._length
        return self._finish(memoryview(self._buffer)[self._start : end], end)

    def end(self) -> Response | None:
        """Take the end of the connection: it completes a body that has no other end."""
        if not self._head or self._chunked or self._length is not None:
            return None
        self._keep_alive = False
        return self._finish(memoryview(self._buffer)[self._start :], len(self._buffer))

    def _read_head(self) -> bool:
        while True:
            if not self._buffer.startswith(b"HTTP/1."[: len(self._buffer) - self._start], self._start):
                raise InvalidResponseError("not HTTP/1.1")
            end = self._buffer.find(b"\r\n\r\n", self._start)
            if (len(self._buffer) if end < 0 else end) > MAX_HEAD_BYTES:
                raise InvalidResponseError(f"over {MAX_HEAD_BYTES} bytes before the body")
            if end < 0:
                return False
            head = bytes(self._buffer[self._start : end + 2])
            self._start = end + 4
            self._read_status(head)
            if self._status >= 200:
                self._head = head
                self._read_framing()
                return True

    def _read_status(self, head: bytes) -> None:
        line = _STATUS_LINE.match(head)
        if line is None or line[2] == b"101":
            raise InvalidResponseError("no status line")
        self._status = int(line[2])
        self._keep_alive = line[1] == b"1"

    def _read_framing(self) -> None:
        lengths = set()
        for name, value in _FRAMING.findall(self._head):
            match name[:2].lower():
                case b"co" if len(name) == len(b"connection"):
                    self._keep_alive = self._keep_alive and b"close" not in value.lower()
                case b"co":
                    lengths.add(value.strip())
                case _:
                    self._chunked = self._only_chunked(value)
        if self._status in _WITHOUT_BODY:
            self._chunked, self._length = False, 0
        elif self._chunked:
            # Both framings at once are used for response smuggling. RFC 9112, 6.3 says to close.
            self._keep_alive = self._keep_alive and not lengths
        elif lengths:
            self._length = self._one_length(lengths)

    def _only_chunked(self, value: bytes) -> bool:
        if self._chunked or value.strip().lower() != b"chunked":
            raise InvalidResponseError("unknown transfer encoding")
        return True

    def _one_length(self, lengths: set[bytes]) -> int:
        length = lengths.pop()
        if lengths or not length.isdigit() or len(length) > 18:
            raise InvalidResponseError("bad content length")
        if int(length) > self._limit:
            raise InvalidResponseError(f"over {self._limit} bytes")
        return int(length)

    def _read_chunks(self) -> Response | None:
        while size_line := self._chunk_size():
            size, data = int(size_line[1], 16), size_line.end()
            if size == 0:
                return self._read_trailers(data)
            if len(self._buffer) < data + size + 2:
                return None
            if self._buffer[data + size : data + size + 2] != b"\r\n":
                raise InvalidResponseError("bad chunk")
            self._body += self._buffer[data : data + size]
            self._start = data + size + 2
        return None

    def _chunk_size(self) -> re.Match[bytes] | None:
        line = _CHUNK_SIZE.match(self._buffer, self._start)
        too_long = len(self._buffer) - self._start > MAX_CHUNK_LINE
        if line is None and (too_long or self._buffer.find(b"\n", self._start) >= 0):
            raise InvalidResponseError("bad chunk size")
        return line

    def _read_trailers(self, start: int) -> Response | None:
        # From the line end of the last chunk: with no trailer, the empty line follows it at once.
        end = self._buffer.find(b"\r\n\r\n", start - 2)
        return None if end < 0 else self._finish(self._body, end + 4)

    def _finish(self, body: bytearray | memoryview, end: int) -> Response:
        # Bytes after the end belong to no request, so the connection cannot be reused.
        keep_alive = self._keep_alive and end == len(self._buffer)
        return Response(self._status, self._head, bytes(body), keep_alive)
