"""Standard input as an async stream, whether it is a terminal, a pipe or a file."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator

CHUNKS_AHEAD = 4


async def read_chunks(descriptor: int) -> AsyncIterator[bytes]:
    """Yield the data of ``descriptor`` in pieces, until its end.

    A daemon thread reads: files and ``/dev/null`` cannot be polled, and a blocked read must not hold up
    the exit.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    room = threading.Semaphore(CHUNKS_AHEAD)

    def pump() -> None:
        # The loop may be closed when a read returns.
        with contextlib.suppress(RuntimeError):
            while chunk := _read(descriptor):
                room.acquire()
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            loop.call_soon_threadsafe(chunks.put_nowait, b"")

    threading.Thread(target=pump, daemon=True).start()
    while chunk := await chunks.get():
        room.release()
        yield chunk


async def split_lines(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """Yield the lines of ``chunks`` without their ends, cut to ``limit + 1`` bytes."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line[: limit + 1].removesuffix(b"\r")
        rest = rest[: limit + 1]
    if rest:
        yield rest


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # a terminal that was closed
        return b""
