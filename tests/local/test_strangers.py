"""Clients that nobody here wrote, unchanged against the local run."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import ROOT, LocalRun

PATIENCE = 60.0


async def answer(client: ClientConnection, kind: str) -> Any:
    """The next frame of one type."""
    while True:
        frame = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
        if frame.get("type") == kind or frame.get("code") == kind:
            return frame


def wscat() -> str:
    """The command that package.json pins."""
    command = ROOT / "node_modules" / ".bin" / "wscat"
    if not command.exists():
        if "CI" in os.environ:
            pytest.fail("wscat is missing: npm ci")
        pytest.skip("wscat is tried too where there is Node.js: install it and run make test again")
    return str(command)


def test_wscat_gets_its_answer_when_it_sends_a_ping(local_run: LocalRun) -> None:
    command = [wscat(), "-c", f"{local_run.websocket_url}?name=wscat", "-x", '{"action":"ping"}', "-w", "3"]
    # It leaves as soon as its input ends, so the input stays open.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        seen = process.stdout.read()

    assert '"type":"pong"' in seen


def test_websockets_command_line_gets_its_answer_when_it_sends_a_ping(local_run: LocalRun) -> None:
    command = [sys.executable, "-m", "websockets", f"{local_run.websocket_url}?name=websockets"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write('{"action":"ping"}\n')
        process.stdin.flush()
        seen = ""
        while '"type":"pong"' not in seen and (line := process.stdout.readline()):
            seen += line
        process.kill()

    assert '"type":"pong"' in seen


async def test_boto3_raises_gone_when_the_connection_has_left(
    local_run: LocalRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", local_run.endpoint)
    api = boto3.client("apigatewaymanagementapi")
    async with connect(f"{local_run.websocket_url}?name=boto3") as client:
        connection_id = await find_connection(local_run, client)
        await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b'{"hello":1}')
        assert json.loads(await asyncio.wait_for(client.recv(), PATIENCE)) == {"hello": 1}
        assert (await asyncio.to_thread(api.get_connection, ConnectionId=connection_id))["Identity"][
            "SourceIp"
        ]
        await asyncio.to_thread(api.delete_connection, ConnectionId=connection_id)
        await asyncio.wait_for(client.wait_closed(), PATIENCE)

    with pytest.raises(api.exceptions.GoneException):
        await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b"late")


async def find_connection(local_run: LocalRun, client: ClientConnection) -> str:
    """Its id, from the log lines of the handlers: the application tells it to no client."""
    await client.send(json.dumps({"action": "whoami"}))
    me = await answer(client, "whoami")
    async with asyncio.timeout(PATIENCE):
        while True:
            for line in local_run.log.read_text().splitlines():
                start = line.find("{")
                if start >= 0 and me["user_id"] in line:
                    found: str = json.loads(line[start:])["connection_id"]
                    return found
            await asyncio.sleep(0.05)
