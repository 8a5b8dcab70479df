"""The command-line client as its users start it: between pipes, and on a terminal."""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE = 20.0
"""Seconds after which a client that should have ended has hung."""

_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # only a session's own terminal turns Ctrl-C into a signal
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True)
class Ended:
    """What a client left behind."""

    code: int | None
    output: str
    notes: str

    @property
    def frames(self) -> list[str]:
        """The lines on standard output."""
        return self.output.splitlines()


class PipedClient:
    """A client between pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def write(self, text: str | bytes) -> None:
        """Give it input, and leave the input open."""
        assert self._process.stdin
        self._process.stdin.write(text.encode() if isinstance(text, str) else text)
        await self._process.stdin.drain()

    async def read_line(self) -> str:
        """The next line of its output."""
        assert self._process.stdout
        async with asyncio.timeout(PATIENCE):
            return (await self._process.stdout.readline()).decode()

    async def end_input(self) -> None:
        """Close its input."""
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.stdin.wait_closed()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    async def end(self, text: str | bytes = "") -> Ended:
        """Give it the last input, and wait until it ends."""
        data = text.encode() if isinstance(text, str) else text
        async with asyncio.timeout(PATIENCE):
            output, notes = await self._process.communicate(data)
        return Ended(self._process.returncode, (output or b"").decode(), notes.decode())

    async def ended(self) -> Ended:
        """Wait until it ends by itself, its input still open."""
        assert self._process.stderr
        async with asyncio.timeout(PATIENCE):
            output = await self._process.stdout.read() if self._process.stdout else b""
            notes = await self._process.stderr.read()
            return Ended(await self._process.wait(), output.decode(), notes.decode())


class TerminalClient:
    """A client on a terminal of 80 columns; ``screen`` is everything it wrote."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        self.screen = ""
        self._process = process
        self._terminal = terminal
        self._written = asyncio.Event()
        asyncio.get_running_loop().add_reader(terminal, self._read)

    def type(self, keys: str | bytes) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode() if isinstance(keys, str) else keys)

    async def until(self, text: str) -> None:
        """Wait until ``text`` was on the screen."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.screen:
                self._written.clear()
                await self._written.wait()

    async def ended(self) -> int:
        """Wait until it ends, and return its exit code."""
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    def echoes(self) -> bool:
        """Whether the terminal is in its usual state: whole lines, echoed."""
        modes = termios.tcgetattr(self._terminal)[3]
        return bool(modes & termios.ECHO and modes & termios.ICANON)

    def _read(self) -> None:
        # Where the last user of a terminal is gone, Linux answers a read with an error.
        try:
            data = os.read(self._terminal, 65_536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._terminal)
        self.screen += data.decode("utf-8", "replace")
        self._written.set()


@contextlib.asynccontextmanager
async def piped_client(*arguments: str, output: int = PIPE) -> AsyncIterator[PipedClient]:
    """Start a client between pipes; it is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *_command(arguments), stdin=PIPE, stdout=output, stderr=PIPE, cwd=ROOT
    )
    async with _reaped(process):
        yield PipedClient(process)


@contextlib.asynccontextmanager
async def terminal_client(*arguments: str, **environment: str) -> AsyncIterator[TerminalClient]:
    """Start a client on a terminal of its own; it is killed at the end if it still runs."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _TAKE_TERMINAL,
        *_command(arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"} | environment,
        start_new_session=True,
    )
    client = TerminalClient(process, ours)
    try:
        async with _reaped(process):
            yield client
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(theirs)
        os.close(ours)


async def run_client(*arguments: str, text: str | bytes = "", output: int = PIPE) -> Ended:
    """Run a client between pipes from start to end."""
    async with piped_client(*arguments, output=output) as client:
        return await client.end(text)


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "signalbox", "client", *arguments]


@contextlib.asynccontextmanager
async def _reaped(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
