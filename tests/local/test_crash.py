"""A sandbox dies in the middle of traffic, and only the one client it was working for hears of it."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from signalbox.gateway import LocalGateway
from tests.local.request_reply import ask

OTHERS = 20
PATIENCE = 60.0

pytestmark = pytest.mark.asyncio(loop_scope="module")


def read_pid(file: Path) -> int:
    """The process that `file` names, once it does."""
    end = time.monotonic() + PATIENCE
    while not (file.exists() and (text := file.read_text())):
        assert time.monotonic() < end
        time.sleep(0.01)
    return int(text)


async def ping_until(client: ClientConnection, done: asyncio.Event) -> int:
    """Pings answered until `done`."""
    answered = 0
    while not done.is_set():
        assert (await ask(client, action="ping"))["type"] == "pong"
        answered += 1
    return answered


async def test_one_client_gets_the_error_frame_when_its_sandbox_is_killed(
    gateway: LocalGateway, tmp_path: Path
) -> None:
    victim_file = tmp_path / "pid"
    done = asyncio.Event()
    async with asyncio.timeout(PATIENCE):
        victim = await connect(gateway.websocket_url)
        others = [await connect(gateway.websocket_url) for _ in range(OTHERS)]
        traffic = [asyncio.create_task(ping_until(client, done)) for client in others]
        await victim.send(json.dumps({"action": "hold", "file": str(victim_file)}))
        os.kill(await asyncio.to_thread(read_pid, victim_file), signal.SIGKILL)

        frame = json.loads(await victim.recv())
        done.set()
        answered = await asyncio.gather(*traffic)
        after = [await ask(client, action="ping") for client in [victim, *others]]
        await asyncio.gather(*(client.close() for client in [victim, *others]))

    assert frame["message"] == "Internal server error"
    assert set(frame) == {"message", "connectionId", "requestId"}
    assert all(answered)
    assert [pong["type"] for pong in after] == ["pong"] * (OTHERS + 1)


async def test_next_message_is_answered_when_a_handler_exits(gateway: LocalGateway) -> None:
    async with asyncio.timeout(PATIENCE), connect(gateway.websocket_url) as client:
        assert (await ask(client, action="exit"))["message"] == "Internal server error"
        assert (await ask(client, action="ping"))["type"] == "pong"
