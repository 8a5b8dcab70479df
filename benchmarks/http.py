"""A server side of HTTP/1.1 that is as cheap as can be: it looks at nothing but a request's length."""

import asyncio
import re
from abc import ABC, abstractmethod
from typing import cast

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Requests(asyncio.Protocol, ABC):
    """Reads whole requests. The class below it answers them."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what the answers go to."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is not one by descent

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            request, self._buffer = self._buffer[:end], self._buffer[end:]
            self.answer(request[:head], request[head + 4 :])

    @abstractmethod
    def answer(self, head: bytes, body: bytes) -> None:
        """Answer one request."""
