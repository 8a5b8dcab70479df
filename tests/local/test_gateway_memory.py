"""10,000 lines that never finish a handshake: nothing is kept of them, and a client is served.

It is Python's own count of bytes that is looked at. The process keeps some more of the system for the next
flood, as it does behind a bare `asyncio.Protocol` that got the same: that is the allocator's.
"""

import asyncio
import resource
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from websockets.asyncio.client import connect

from tests.conftest import ROOT

LINES = 10_000
AGAIN = 1_000
TABLES = 300
"""Bytes a line, of more than 4,000, by which the event loop's tables grow; they do so once."""
PATIENCE = 60.0
BEGUN = b"GET /local HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nX-Padding: " + b"x" * 1_000
GATEWAY = f"""if True:
    import asyncio, gc, resource, sys, tracemalloc
    from signalbox.gateway import Config, Gateway, Limits
    from signalbox.gateway.sandboxes.sandbox import Answer
    from signalbox.gateway.stage import Stage

    class Loop(asyncio.SelectorEventLoop):
        ahead = 0.0

        def time(self):
            return super().time() + self.ahead

    async def echo(event, invocation_id):
        return Answer(b'{{"statusCode": 200, "body": "heard"}}')

    async def main():
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        tracemalloc.start()
        config = Config(port=0, limits=Limits(head_timeout={PATIENCE}))
        async with Gateway(Stage.of(config, echo)) as gateway:
            print(gateway.websocket_url, flush=True)
            while seconds := await asyncio.to_thread(sys.stdin.readline):
                asyncio.get_running_loop().ahead += float(seconds)
                if not float(seconds):
                    gc.collect()
                print(tracemalloc.get_traced_memory()[0], flush=True)

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())
"""


class GatewayProcess:
    """A gateway in a process of its own, whose clock a test moves."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.url = url
        self._process = process

    async def pass_time(self, seconds: float) -> int:
        """Let timers ring as if so much time had passed. The bytes in use before they do."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{seconds}\n".encode())
        return int(await self._process.stdout.readline())


@asynccontextmanager
async def gateway() -> AsyncIterator[GatewayProcess]:
    """One that runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", GATEWAY),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(4 * PATIENCE):
            yield GatewayProcess(process, (await process.stdout.readline()).decode().strip())
    finally:
        await process.communicate(b"")


def begin(url: str, lines: int) -> list[socket.socket]:
    """So many lines, each with half a handshake."""
    host, port = url.removeprefix("ws://").split("/")[0].split(":")
    begun = [socket.create_connection((host, int(port)), PATIENCE) for _ in range(lines)]
    for line in begun:
        line.sendall(BEGUN)
    return begun


def end(lines: list[socket.socket]) -> None:
    """Wait until the gateway has ended them all."""
    for line in lines:
        with line, suppress(ConnectionError):
            assert line.recv(1) == b""


@pytest.fixture
def room() -> Iterator[int]:
    """How many lines this process can have open at once, up to all of them."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    yield min(LINES, most - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))


async def test_nothing_is_kept_of_10000_lines_that_never_finished_their_handshakes(room: int) -> None:
    async with gateway() as process, connect(process.url) as bystander:

        async def flood(lines: int) -> int:
            begun = await asyncio.to_thread(begin, process.url, lines)
            await bystander.send("still there?")
            assert await bystander.recv() == "heard"
            ended = asyncio.create_task(asyncio.to_thread(end, begun))
            # Some may still wait to be accepted; their time begins then.
            while not ended.done():
                await process.pass_time(PATIENCE)
                await asyncio.wait({ended}, timeout=0.1)
            await ended
            return await process.pass_time(0)

        levels = [await process.pass_time(0), await flood(room), await flood(AGAIN)]
        await bystander.send("still there?")
        assert await bystander.recv() == "heard"
    assert levels[1] - levels[0] < TABLES * room
    assert levels[2] - levels[1] < AGAIN
