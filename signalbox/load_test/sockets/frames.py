"""RFC 6455 frames on the client's side. No I/O."""

import struct
from collections.abc import Iterator

from ..errors import FramingError

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAX_MESSAGE = 1_048_576
"""Bytes of the largest message accepted: eight times what API Gateway sends (W77)."""

_FINAL, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_FINAL_TEXT = _FINAL | TEXT


def encode(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """Return a frame with a whole message. `mask` is four random bytes (RFC 6455, 5.3)."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", _FINAL | opcode, _MASKED | size)
    elif size < 65_536:
        head = struct.pack("!BBH", _FINAL | opcode, _MASKED | 126, size)
    else:
        head = struct.pack("!BBQ", _FINAL | opcode, _MASKED | 127, size)
    stream = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return head + mask + masked.to_bytes(size, "big")


class FrameReader:
    """Turns the bytes of a server, in pieces of any size, into messages and control frames."""

    __slots__ = ("_buffer", "_fragments", "_opcode")

    def __init__(self) -> None:
        self._buffer = b""
        self._opcode = CONTINUATION
        self._fragments = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield each message (TEXT, BINARY) or control frame that `data` completes. Raises FramingError."""
        if self._buffer:
            data = self._buffer + data
        end, position = len(data), 0
        while end - position >= 2:
            first, size, body = data[position], data[position + 1], position + 2
            if size > 125:
                size, body = _long_size(data, position)
            if end - body < size:
                break
            position = body + size
            payload = data[body:position]
            if first == _FINAL_TEXT and not self._opcode and payload.isascii():  # nearly every frame
                yield TEXT, payload
            elif message := self._take(first, payload):
                yield message
        self._buffer = data[position:]

    def _take(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        opcode, final = first & 0x0F, first & _FINAL
        if first & _RESERVED:
            raise FramingError(1002, "an extension nobody agreed on")
        if opcode >= CLOSE:
            return _control(opcode, payload, bool(final))
        if (opcode == CONTINUATION) != bool(self._opcode) or opcode > BINARY:
            raise FramingError(1002, f"a frame with opcode {opcode} where none can be")
        if len(self._fragments) + len(payload) > MAX_MESSAGE:
            raise FramingError(1009, f"a message of more than {MAX_MESSAGE:,} bytes")
        self._opcode = self._opcode or opcode
        self._fragments += payload
        return self._finish() if final else None

    def _finish(self) -> tuple[int, bytes]:
        message = self._opcode, self._fragments
        self._opcode, self._fragments = CONTINUATION, b""
        if message[0] == TEXT:
            try:
                message[1].decode()
            except UnicodeDecodeError:
                raise FramingError(1007, "text that is not UTF-8") from None
        return message


def _long_size(data: bytes, position: int) -> tuple[int, int]:
    # Returns the size of a frame and the start of its payload. While the size is not known yet, it is larger
    # than the data.
    marker, body = data[position + 1], position + 2
    if marker & _MASKED:
        raise FramingError(1002, "a masked frame from a server")
    width = 2 if marker == 126 else 8
    if len(data) - body < width:
        return len(data), body
    size = int.from_bytes(data[body : body + width], "big")
    if size > MAX_MESSAGE:
        raise FramingError(1009, f"a frame of {size:,} bytes")
    return size, body + width


def _control(opcode: int, payload: bytes, final: bool) -> tuple[int, bytes]:
    if opcode > PONG or not final or len(payload) > 125 or (opcode == CLOSE and len(payload) == 1):
        raise FramingError(1002, f"a malformed control frame with opcode {opcode}")
    return opcode, payload
