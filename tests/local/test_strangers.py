"""Clients that nobody here wrote, unchanged against the local run."""

import asyncio
import json
import os
import re
import subprocess
import sys
from typing import IO

import boto3
import pytest
from websockets.asyncio.client import connect

from tests.conftest import ROOT, LocalRun

PATIENCE = 60.0


def wscat() -> str:
    """The command that package.json pins."""
    command = ROOT / "node_modules" / ".bin" / "wscat"
    if not command.exists():
        if "CI" in os.environ:
            pytest.fail("wscat is missing: npm ci")
        pytest.skip("wscat is tried too where there is Node.js: install it and run make test again")
    return str(command)


def read_pong(output: IO[str]) -> str:
    """What a command prints, until that or its end."""
    seen = ""
    while '"type":"pong"' not in seen and (line := output.readline()):
        seen += line
    return seen


def test_wscat_gets_its_answer_when_it_sends_a_ping(local_run: LocalRun) -> None:
    command = [wscat(), "-c", f"{local_run.websocket_url}?name=wscat", "-x", '{"action":"ping"}', "-w", "60"]
    # It leaves as soon as its input ends, so the input stays open.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        seen = read_pong(process.stdout)
        process.kill()

    assert '"type":"pong"' in seen


def test_websockets_command_line_gets_its_answer_when_it_sends_a_ping(local_run: LocalRun) -> None:
    command = [sys.executable, "-m", "websockets", f"{local_run.websocket_url}?name=websockets"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write('{"action":"ping"}\n')
        process.stdin.flush()
        seen = read_pong(process.stdout)
        process.kill()

    assert '"type":"pong"' in seen


async def test_boto3_raises_gone_when_the_connection_has_left(
    local_run: LocalRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", local_run.endpoint)
    api = boto3.client("apigatewaymanagementapi")
    async with connect(f"{local_run.websocket_url}?name=boto3") as client:
        connection_id = find_connection(local_run)
        await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b'{"hello":1}')
        async with asyncio.timeout(PATIENCE):
            assert json.loads(await client.recv()) == {"hello": 1}
        assert (await asyncio.to_thread(api.get_connection, ConnectionId=connection_id))["Identity"][
            "SourceIp"
        ]
        await asyncio.to_thread(api.delete_connection, ConnectionId=connection_id)
        async with asyncio.timeout(PATIENCE):
            await client.wait_closed()

    with pytest.raises(api.exceptions.GoneException):
        await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b"late")


def find_connection(local_run: LocalRun) -> str:
    """The id of whoever connected last, from the gateway's log: the application tells it to no client."""
    connected: list[str] = re.findall(r"^\S+ (\S+) \$connect ", local_run.log.read_text(), re.MULTILINE)
    return connected[-1]
