"""Covers signalbox.client.terminal.arguments, signalbox.client.terminal.conversation."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import websockets

from tests.framework.client.backend import Backend
from tests.framework.client.commandline import ROOT, client_process, finish, run_client

HINT = "signalbox client needs the package websockets: pip install 'signalbox[client]'"


@pytest.mark.parametrize("arguments", [[], ["--nope"], ["ws://h/", "--wait", "soon"], ["ws://h/", "more"]])
async def test_the_usage_is_shown_when_it_is_wrong(arguments: list[str]) -> None:
    ended = await run_client(*arguments)

    assert ended.code == 2
    assert "usage: signalbox client" in ended.notes


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "1e999", ""])
async def test_a_wait_is_refused_when_it_is_no_time(seconds: str) -> None:
    ended = await run_client("ws://h/", f"--wait={seconds}")

    assert ended.code == 2
    assert f"{seconds!r} is not a number of seconds" in ended.notes


async def test_a_name_is_refused_when_it_is_not_utf_8() -> None:
    ended = await run_client("ws://h/", "--name", "\udcff")

    assert ended.code == 2
    assert r"'\udcff' is not printable" in ended.notes


async def test_it_explains_itself_when_asked() -> None:
    ended = await run_client("--help")

    assert ended.code == 0
    assert "exit codes:" in ended.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["http://127.0.0.1/"], 2, "must begin with ws:// or wss://"),
        (["ws://[::1", "--name", "Ann"], 2, "is not a WebSocket address"),
        (["ws://127.0.0.1:1/local"], 3, "connection refused: nothing listens there"),
        (["ws://nobody.invalid/local"], 3, "no such host"),
        ([f"ws://{'x' * 64}.invalid/local"], 3, "no connection: "),
    ],
)
async def test_a_failure_is_one_line_when_no_connection_comes_about(
    arguments: list[str], code: int, said: str
) -> None:
    ended = await run_client(*arguments)

    assert ended.code == code
    assert said in ended.notes
    assert ended.output == ""
    assert len(ended.notes.splitlines()) == 1


async def test_the_exit_code_is_3_when_the_backend_refuses(backend: Backend) -> None:
    backend.refusal = 502

    ended = await run_client(backend.url)

    assert ended.code == 3
    assert ended.notes.startswith("refused: HTTP 502 Bad Gateway")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
async def test_a_failure_is_one_line_when_the_output_cannot_be_written(backend: Backend) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        async with client_process(backend.url, output=full) as client:
            ended = await finish(client, "hello\n")
    finally:
        os.close(full)

    assert ended.code == 1
    assert ended.notes.splitlines() == ["connected", "standard output: No space left on device"]


def test_a_missing_package_is_named_when_there_is_no_websockets() -> None:
    ended = run_bare([], "-m", "signalbox", "client", "ws://127.0.0.1:1/")

    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [HINT]


def test_a_missing_package_is_named_when_the_client_is_imported_without_websockets() -> None:
    ended = run_bare([], "-c", "from signalbox.client import Client")

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"ImportError: {HINT}"


def test_nothing_but_websockets_is_needed_when_it_runs(tmp_path: Path) -> None:
    (tmp_path / "websockets").symlink_to(Path(websockets.__file__).parent)

    ended = run_bare([str(tmp_path)], "-m", "signalbox", "client", "ws://127.0.0.1:1/")

    assert ended.returncode == 3
    assert ended.stderr.startswith("connection refused")


def run_bare(packages: list[str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python without any package but these."""
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(packages)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
    )
