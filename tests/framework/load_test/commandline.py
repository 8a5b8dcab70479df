"""The load test as its users start it."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0
"""Seconds after which a run that should have ended has hung."""


@dataclass(frozen=True)
class Ended:
    """What a run left behind."""

    code: int | None
    output: str
    notes: str


async def start(*arguments: str, output: int = PIPE) -> asyncio.subprocess.Process:
    """Start a run that writes its table to `output`."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "signalbox",
        "load",
        *arguments,
        cwd=ROOT,
        stdin=PIPE,
        stdout=output,
        stderr=PIPE,
    )


async def end(process: asyncio.subprocess.Process) -> Ended:
    """Wait until a run ends."""
    try:
        async with asyncio.timeout(PATIENCE):
            output, notes = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode, (output or b"").decode(), notes.decode())


async def run_load(*arguments: str) -> Ended:
    """A whole run."""
    return await end(await start(*arguments))


@asynccontextmanager
async def serve_tls(*arguments: str, folder: Path = ROOT) -> AsyncIterator[str]:
    """The address of TLS before a port; its process is stopped with Ctrl-C, and says nothing of it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "signalbox.load_test.sockets.tls", *arguments,
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE):
            line = await process.stdout.readline()
        yield line.decode().split()[0]
    finally:
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            _, notes = await process.communicate()
    assert (process.returncode, notes) == (0, b"")


def read_json(path: Path) -> dict[str, Any]:
    """What a run wrote."""
    summary: dict[str, Any] = json.loads(path.read_text())
    return summary
