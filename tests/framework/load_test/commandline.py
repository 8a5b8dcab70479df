"""The load test: in this process, and as a process of its own."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from signalbox.load_test.command import main
from signalbox.load_test.sockets import tls

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
    """A whole run in a thread of this process."""
    return await run_here(lambda: main(list(arguments)))


@contextmanager
def captured() -> Iterator[tuple[StringIO, StringIO]]:
    """What is written to standard output and standard error."""
    output, notes = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", output)
        patch.setattr(sys, "stderr", notes)
        yield output, notes


async def run_here(work: Callable[[], int]) -> Ended:
    """Run a command line in a thread of this process."""
    with captured() as (output, notes):
        try:
            code: Any = await asyncio.to_thread(work)
        except SystemExit as error:
            code = error.code
    return Ended(code, output.getvalue(), notes.getvalue())


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


@asynccontextmanager
async def serve_tls_here(certificate: Path, key: Path, to: int) -> AsyncIterator[str]:
    """The address of TLS before a port, in this process."""
    printed = _Printed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", printed)
        serving = asyncio.create_task(tls.serve(str(certificate), str(key), 0, to))
        async with asyncio.timeout(PATIENCE):
            await printed.flushed.wait()
    try:
        yield printed.getvalue().split()[0]
    finally:
        serving.cancel()
        await asyncio.wait([serving])


class _Printed(StringIO):
    """Standard output that tells when it has been flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed = asyncio.Event()

    def flush(self) -> None:
        self.flushed.set()


def read_json(path: Path) -> dict[str, Any]:
    """What a run wrote."""
    summary: dict[str, Any] = json.loads(path.read_text())
    return summary
