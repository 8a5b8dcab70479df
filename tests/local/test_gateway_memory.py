"""10,000 lines that never finish a handshake: the gateway's memory is what it was, and a client is served."""

import asyncio
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from websockets.asyncio.client import connect

from tests.conftest import ROOT

LINES = 10_000
LEFT_BEHIND = 1_500
"""Bytes of each line that the collector may not have come to yet, of more than 4,000."""
PATIENCE = 60.0
BEGUN = b"GET /local HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nX-Padding: " + b"x" * 1_000
GATEWAY = """if True:
    import asyncio, resource, sys
    from local_gateway import Config, Gateway, Limits
    from local_gateway.sandbox import Answer
    from local_gateway.stage import Stage

    async def echo(event, invocation_id):
        return Answer(b'{"statusCode": 200, "body": "heard"}')

    async def main():
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        config = Config(port=0, limits=Limits(head_timeout=2.0))
        async with Gateway(Stage.of(config, echo)) as gateway:
            print(gateway.websocket_url, flush=True)
            await asyncio.to_thread(sys.stdin.read)

    asyncio.run(main())
"""


@asynccontextmanager
async def gateway() -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A gateway in a process of its own, and its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", GATEWAY),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            yield process, (await process.stdout.readline()).decode().strip()
    finally:
        await process.communicate(b"")


def memory(process: asyncio.subprocess.Process) -> int:
    """Resident memory in kilobytes."""
    shown = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, check=True, timeout=PATIENCE
    )
    return int(shown.stdout)


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


async def test_memory_is_what_it_was_when_10000_never_finished_their_handshakes(room: int) -> None:
    async with gateway() as (process, url), connect(url) as bystander:
        levels = []
        for _ in range(2):
            for _ in range(0, LINES, room):
                lines = await asyncio.to_thread(begin, url, room)
                await bystander.send("still there?")
                assert await bystander.recv() == "heard"
                await asyncio.to_thread(end, lines)
            levels.append(memory(process))
        await bystander.send("still there?")
        assert await bystander.recv() == "heard"
    # The first flood finds out how much Python's allocator keeps for the next one, which then takes no more.
    assert levels[1] - levels[0] < LEFT_BEHIND * LINES / 1024
