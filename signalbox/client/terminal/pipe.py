"""The client between pipes: input lines become requests, frames become output lines."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO

from ..connection.frames import FRAME_LIMIT, parse_object
from ..connection.stream import FrameStream
from ..errors import ClosedError, LostError, TooLargeError, UnansweredError, UnsendableError, UnsentError
from ..tasks import first_of
from .stdin import split_lines


class Pipe:
    """Sends lines of ``chunks`` to a stream and prints its frames to ``output``. ``note`` gets problems."""

    def __init__(
        self,
        stream: FrameStream,
        chunks: AsyncIterator[bytes],
        output: BinaryIO,
        note: Callable[[str], None],
    ) -> None:
        self._stream = stream
        self._chunks = chunks
        self._output = output
        self._note = note
        self._input_ended = False
        self._unsent = 0

    async def run(self, *, wait: float, listen: bool) -> None:
        """Send every line, then wait up to ``wait`` seconds for replies, or for ever with ``listen``.

        Raises ClosedError, LostError, UnansweredError, UnsentError, and BrokenPipeError when the output is
        closed.
        """
        try:
            await first_of(self._print_frames(), self._send_lines(wait, listen))
        except ClosedError as error:
            if self._input_ended and not self._stream.unanswered:
                raise
            raise LostError(f"{error}, before all was sent and answered") from error
        if self._stream.unanswered:
            raise UnansweredError(f"requests without an answer: {self._stream.unanswered}")
        if self._unsent:
            raise UnsentError(f"lines not sent: {self._unsent}")

    async def _print_frames(self) -> None:
        async for frame in self._stream.frames():
            # Line breaks in JSON stand between tokens, where a space means the same.
            self._output.write(re.sub(r"[\r\n]+", " ", frame.text).encode() + b"\n")
            self._output.flush()

    async def _send_lines(self, wait: float, listen: bool) -> None:
        number = 0
        async for line in split_lines(self._chunks, FRAME_LIMIT):
            number += 1
            try:
                await self._send_line(line)
            except (UnsendableError, UnicodeDecodeError) as error:
                self._unsent += 1
                problem = "not sent: not UTF-8" if isinstance(error, UnicodeDecodeError) else error
                self._note(f"line {number}: {problem}")
        self._input_ended = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if listen else wait):
                await (asyncio.Event().wait() if listen else self._stream.answered())

    async def _send_line(self, line: bytes) -> None:
        if len(line) > FRAME_LIMIT:
            raise TooLargeError(f"not sent: longer than {FRAME_LIMIT:,} bytes")
        text = line.decode().strip()
        if not text:
            return
        fields = parse_object(text)
        if fields is None:
            await self._stream.request({"action": "broadcast", "data": {"text": text}})
        elif "id" in fields:
            await self._stream.send(text, fields["id"])
        else:
            request_id = self._stream.next_id()
            await self._stream.send(_with_id(text, request_id), request_id)


def _with_id(text: str, request_id: str) -> str:
    # Inserted into the text, so that the rest is sent byte for byte as it was written.
    rest = text.removeprefix("{").lstrip()
    return f'{{"id":"{request_id}"{"" if rest == "}" else ","}{rest}'
