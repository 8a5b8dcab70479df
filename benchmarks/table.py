"""DynamoDB and `@connections` over HTTP, from memory: `python -m benchmarks.table`.

It prints its port, and ends with its standard input. It verifies no signature.
"""

import asyncio
import json
import re
import sys

from connection_store.engine import RequestRefusedError
from signalbox.testing.dynamodb import MemoryEngine

from .http import Requests

_TARGET = re.compile(rb"x-amz-target: *DynamoDB_20120810\.(\w+)", re.IGNORECASE)


class Table(Requests):
    """Executes operations. A request without a target is a post, and succeeds."""

    def __init__(self, engine: MemoryEngine) -> None:
        super().__init__()
        self._engine = engine

    def answer(self, head: bytes, body: bytes) -> None:
        """Answer one request."""
        status, answer = 200, b""
        if target := _TARGET.search(head):
            try:
                answer = json.dumps(self._engine.execute(target[1].decode(), json.loads(body))).encode()
            except RequestRefusedError as refused:
                status, answer = refused.status, _error(refused)
        lines = b"HTTP/1.1 %d Word\r\ncontent-length: %d" % (status, len(answer))
        self.transport.write(lines + b"\r\n\r\n" + answer)


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
