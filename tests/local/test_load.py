"""The load test against the local run, and the commands its page shows."""

import asyncio
import os
import re
import shlex
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT, LocalRun
from tests.framework.load_test.commandline import read_json, serve_tls

PATIENCE = 180.0
"""Seconds for a run that takes ten on an idle machine of two cores."""

PAGE = (ROOT / "docs/load-test.md").read_text()
LINES = PAGE.replace("\\\n", " ")
COMMANDS = re.findall(r"^\.venv/bin/(signalbox load .+ws://.+)$", LINES, re.MULTILINE)
SECURE = re.findall(r"^(openssl .+)\n\.venv/bin/(.+) &\n\.venv/bin/(.+)$", LINES, re.MULTILINE)


async def run(command: str, url: str, folder: Path) -> tuple[int | None, str]:
    """The exit code and the output of a command of the page, in another folder and against another port."""
    words = shlex.split(command.replace("ws://127.0.0.1:3001/local", url))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output.decode()


async def test_all_10000_arrive_when_20_are_broadcast_to_500(local_run: LocalRun, tmp_path: Path) -> None:
    command = f"{COMMANDS[0]} --timeout 60 --json figures.json"

    code, output = await run(command, local_run.websocket_url, tmp_path)

    total = read_json(tmp_path / "figures.json")["total"]
    assert (total["expected"], total["received"]) == (10_000, 10_000), output
    assert (total["lost"], total["duplicates"], code) == (0, 0, 0), output


@pytest.mark.parametrize("command", COMMANDS[1:], ids=range(1, len(COMMANDS)))
async def test_a_command_of_the_page_works_when_the_product_runs(
    command: str, local_run: LocalRun, tmp_path: Path
) -> None:
    code, output = await run(command, local_run.websocket_url, tmp_path)

    assert code == 0, output
    assert output.endswith("OK: every connection received every broadcast\n")


@pytest.mark.skipif(not shutil.which("openssl"), reason="the page makes its certificate with openssl")
async def test_nothing_is_lost_when_tls_is_before_the_product(local_run: LocalRun, tmp_path: Path) -> None:
    ((certify, serve, load),) = SECURE
    made = await asyncio.create_subprocess_exec(*shlex.split(certify), cwd=tmp_path, stderr=DEVNULL)
    assert await made.wait() == 0
    arguments = serve.replace("3443", "0").replace("3001", str(urlsplit(local_run.websocket_url).port))

    async with serve_tls(*shlex.split(arguments)[3:], folder=tmp_path) as url:
        code, output = await run(load.replace("wss://127.0.0.1:3443", url), "", tmp_path)

    assert code == 0, output
    assert output.endswith("OK: every connection received every broadcast\n")


def test_the_page_shows_what_is_printed_when_its_columns_are_read() -> None:
    heading = (
        "phase  connections  connects/s  broadcasts  expected  received  duplicate  lost  p50 ms  p95 ms"
    )
    assert len(COMMANDS) >= 2
    assert heading in PAGE
