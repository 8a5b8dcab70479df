"""DynamoDB and `@connections` over HTTP, from memory: `python -m benchmarks.table`.

It prints its port, and ends with its standard input. It verifies no signature.
"""

import asyncio
import json
import re
import sys
from typing import cast

from connection_store.engine import RequestRefusedError
from signalbox.testing.dynamodb import MemoryEngine

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"x-amz-target: *DynamoDB_20120810\.(\w+)", re.IGNORECASE)


class Table(asyncio.Protocol):
    """Reads whole requests. Those without a target are posts, and succeed."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what the answers go to."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not one by descent

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            self._answer(self._buffer[:head], self._buffer[head + 4 : end])
            self._buffer = self._buffer[end:]

    def _answer(self, head: bytes, body: bytes) -> None:
        status, answer = 200, b""
        if target := _TARGET.search(head):
            try:
                answer = json.dumps(self._engine.execute(target[1].decode(), json.loads(body))).encode()
            except RequestRefusedError as refused:
                status, answer = refused.status, _error(refused)
        self._transport.write(
            b"HTTP/1.1 %d Word\r\ncontent-length: %d\r\n\r\n%b" % (status, len(answer), answer)
        )


def _error(refused: RequestRefusedError) -> bytes:
    body = {
        "__type": f"com.amazonaws.dynamodb.v20120810#{refused.code}",
        "message": refused.message,
        "Item": refused.item,
        "CancellationReasons": list(refused.reasons),
    }
    return json.dumps({name: value for name, value in body.items() if value}).encode()


async def main() -> None:
    """Serve until standard input ends."""
    engine = MemoryEngine()
    server = await asyncio.get_running_loop().create_server(lambda: Table(engine), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
