"""New code runs when a file changes, and no connection or running call notices."""

import asyncio
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from signalbox.gateway import Config, LocalGateway
from signalbox.gateway.config import SandboxKind

PATIENCE = 30.0
CODE = """
import os, time

def handler(event, context):
    if event.get("body") == "hold":
        open("held", "w").close()
        while not os.path.exists("release"):
            time.sleep(0.01)
    return {"statusCode": 200, "body": "VERSION"}
"""


async def ask(client: ClientConnection) -> str:
    """The version that answers."""
    await client.send("version?")
    return str(await client.recv())


def wait_for(file: Path) -> None:
    """Wait for a file another process makes."""
    end = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("sandbox", ["runtime", "socket"])
async def test_new_code_answers_when_a_file_changes_and_what_runs_may_end(
    tmp_path: Path, sandbox: SandboxKind
) -> None:
    file = tmp_path / "code" / "versions.py"
    file.parent.mkdir()
    file.write_text(CODE.replace("VERSION", "one"))
    config = Config(port=0, sandboxes=1, sandbox=sandbox, task_root=file.parent, reload=True)
    async with (
        asyncio.timeout(PATIENCE),
        LocalGateway("versions.handler", config) as gateway,
        connect(gateway.websocket_url) as busy,
        connect(gateway.websocket_url) as client,
    ):
        assert await ask(client) == "one"
        await busy.send("hold")
        await asyncio.to_thread(wait_for, file.parent / "held")
        file.write_text(CODE.replace("VERSION", "the second"))
        assert await ask(client) == "the second", "the only sandbox there may be is busy with old code"
        (file.parent / "release").touch()
        assert await busy.recv() == "one"
        file.write_text("broken(")
        while (reply := await ask(client)) == "the second":
            pass
        assert "Internal server error" in reply
        file.write_text(CODE.replace("VERSION", "three"))
        while (reply := await ask(client)) != "three":
            assert "Internal server error" in reply
