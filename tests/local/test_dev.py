"""`signalbox dev` as somebody types it.

Covers signalbox.dev.backend, signalbox.testing.local_run.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.conftest import ROOT
from tests.local.request_reply import ask

PATIENCE = 60.0


def start(output: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "signalbox", "dev", *arguments],
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def wait_for(output: Path, text: str) -> None:
    end = time.monotonic() + PATIENCE
    while text not in output.read_text():
        assert time.monotonic() < end, output.read_text()
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    return [int(child) for child, parent in map(str.split, table.splitlines()) if int(parent) == pid]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "SIGTERM", "terminal closed"]
)
def test_everything_it_started_ends_when_interrupted(tmp_path: Path, number: signal.Signals) -> None:
    output = tmp_path / "output"
    for _ in range(2):  # a second run works
        process = start(output, "--port", "0")
        wait_for(output, "Ctrl-C stops everything")
        started = children(process.pid)
        process.send_signal(number)

        assert process.wait(timeout=PATIENCE) == 0
        assert "Traceback" not in output.read_text()
        assert len(started) >= 2  # the engine and a sandbox
        assert [pid for pid in started if lives(pid)] == []


def test_the_engine_ends_when_interrupted_while_it_starts(tmp_path: Path) -> None:
    program = """
import sys
from signalbox.dev import command, engine
engine._answers = lambda port: print(port, flush=True)
sys.exit(command.main(["--port", "0"]))
"""
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=file, stderr=file)
    wait_for(output, "\n")
    started = children(process.pid)
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=PATIENCE) == 130
    assert "Traceback" not in output.read_text()
    assert len(started) == 1
    assert not lives(started[0])


def test_one_line_says_so_when_the_port_is_busy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(tmp_path / "output", "--port", str(port))

        assert process.wait(timeout=PATIENCE) == 1
    (line,) = (tmp_path / "output").read_text().splitlines()
    assert line.startswith("signalbox dev: ")
    assert f"127.0.0.1:{port}" in line
    assert "--port" in line


def test_it_runs_when_the_environment_points_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "http://127.0.0.1:9"
    for name in ("HTTP_PROXY", "http_proxy", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.setenv(name, nobody)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    output = tmp_path / "output"
    process = start(output, "--port", "0")
    try:
        wait_for(output, "Ctrl-C stops everything")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0


def test_handlers_run_in_the_gateway_when_in_process(tmp_path: Path) -> None:
    output = tmp_path / "output"
    process = start(output, "--port", "0", "--in-process")
    try:
        wait_for(output, "Ctrl-C stops everything")
        assert len(children(process.pid)) == 1  # the engine alone
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0


async def test_clients_get_typed_answers_when_the_engine_dies(tmp_path: Path) -> None:
    output = tmp_path / "output"
    process = start(output, "--port", "0")
    try:
        await asyncio.to_thread(wait_for, output, "Ctrl-C stops everything")
        (url,) = re.findall(r"WebSocket +(\S+)", output.read_text())
        async with asyncio.timeout(PATIENCE), connect(url) as client:
            os.kill(engine_of(process.pid), signal.SIGKILL)
            await asyncio.to_thread(wait_for, output, "the embedded engine ended")

            refusal = await ask(client, action="broadcast", data=1)
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)

            assert (refusal["code"], refusal["retry"]) == ("unavailable", True)
            assert refused.value.response.status_code == 503
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
    assert "Traceback" not in output.read_text()


def engine_of(pid: int) -> int:
    commands = {child: command(child) for child in children(pid)}
    (engine,) = [child for child, line in commands.items() if "ministack" in line]
    return engine


def command(pid: int) -> str:
    return subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout
