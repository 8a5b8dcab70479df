"""The command-line client between pipes and on a terminal: in this process, and as a process of its own."""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import threading
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from signalbox.client.command import main

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


class Running:
    """`signalbox client` in a thread of this process, with a loop of its own."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._arguments = list(arguments)
        self._threads = set(threading.enumerate())
        self._code = asyncio.get_running_loop().create_future()
        self._home = asyncio.get_running_loop()
        threading.Thread(target=self._run, daemon=True).start()

    def interrupt(self) -> None:
        """Interrupt the loop, as Ctrl-C does."""
        with contextlib.suppress(RuntimeError):  # the client is ending, its loop is closed
            self._loops[0].call_soon_threadsafe(_raise_interrupt)

    async def ended(self) -> int:
        """Wait until the client ends, and return its exit code."""
        async with asyncio.timeout(PATIENCE):
            code: int = await asyncio.shield(self._code)
            return code

    async def stop(self) -> None:
        """Interrupt the client if it still runs."""
        if not self._code.done():
            self.interrupt()
            await self.ended()

    def join(self) -> None:
        """Wait for the threads that the client has started. Its input must have ended."""
        for thread in set(threading.enumerate()) - self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _run(self) -> None:
        try:
            code: Any = main(self._arguments, loop_factory=self._make_loop)
        except SystemExit as error:
            code = error.code
        self._home.call_soon_threadsafe(self._code.set_result, code)

    def _make_loop(self) -> asyncio.AbstractEventLoop:
        self._loops.append(asyncio.SelectorEventLoop())
        return self._loops[0]


class PipedClient:
    """A client between pipes."""

    def __init__(
        self,
        running: Running,
        input_: asyncio.WriteTransport,
        output: asyncio.StreamReader,
        notes: StringIO,
    ) -> None:
        self._running = running
        self._input = input_
        self._output = output
        self._notes = notes

    def write(self, text: str | bytes) -> None:
        """Give it input, and leave the input open."""
        self._input.write(text.encode() if isinstance(text, str) else text)

    async def read_line(self) -> str:
        """The next line of its output."""
        async with asyncio.timeout(PATIENCE):
            return (await self._output.readline()).decode()

    def end_input(self) -> None:
        """Close its input."""
        self._input.close()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._running.interrupt()

    async def end(self, text: str | bytes = "") -> Ended:
        """Give it the last input, and wait until it ends."""
        self.write(text)
        self.end_input()
        return await self.ended()

    async def ended(self) -> Ended:
        """Wait until it ends by itself, its input perhaps still open."""
        reading = asyncio.create_task(self._output.read())
        code = await self._running.ended()
        sys.stdout.close()
        return Ended(code, (await reading).decode(), self._notes.getvalue())


class TerminalClient:
    """A client on a terminal of 80 columns; ``screen`` is everything it wrote."""

    def __init__(self, terminal: int, ended: Callable[[], Any], interrupt: Callable[[], None]) -> None:
        self.screen = ""
        self.interrupt = interrupt
        self._ended = ended
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
            code: int = await self._ended()
            return code

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
async def piped_client(*arguments: str) -> AsyncIterator[PipedClient]:
    """Run a client between pipes in this process. It is interrupted at the end if it still runs."""
    (stdin, writer), (reader, stdout), notes = os.pipe(), os.pipe(), StringIO()
    input_, output = await _write_to(writer), await _read_from(reader)
    with os.fdopen(stdin) as keys, os.fdopen(stdout, "w") as printed, _streams(keys, printed, notes):
        running = Running(arguments)
        try:
            yield PipedClient(running, input_, output, notes)
        finally:
            await running.stop()
            if not input_.is_closing():
                input_.abort()
            await asyncio.sleep(0)  # the transport closes its pipe
            running.join()


@contextlib.asynccontextmanager
async def terminal_client(*arguments: str, **environment: str) -> AsyncIterator[TerminalClient]:
    """Run a client on a terminal in this process. It is interrupted at the end if it still runs."""
    ours, theirs = _open_terminal()
    loop = asyncio.get_running_loop()
    with (
        os.fdopen(theirs, closefd=False) as keys,
        os.fdopen(theirs, "w", closefd=False) as screen,
        _streams(keys, screen, screen),
        _environment({"NO_COLOR": "1", "COLUMNS": "80"} | environment),
    ):
        running = Running(arguments)
        client = TerminalClient(ours, running.ended, running.interrupt)
        try:
            yield client
        finally:
            await running.stop()
            loop.remove_reader(ours)
            os.close(ours)
            running.join()
    os.close(theirs)


async def run_client(*arguments: str, text: str | bytes = "") -> Ended:
    """Run a client between pipes from start to end in this process."""
    async with piped_client(*arguments) as client:
        return await client.end(text)


@contextlib.asynccontextmanager
async def client_process(*arguments: str, output: int = PIPE) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a client between pipes as a process. It is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *_command(arguments), stdin=PIPE, stdout=output, stderr=PIPE, cwd=ROOT
    )
    async with _reaped(process):
        yield process


@contextlib.asynccontextmanager
async def terminal_process(*arguments: str, **environment: str) -> AsyncIterator[TerminalClient]:
    """Start a client as a process on a terminal of its own. It is killed at the end if it still runs."""
    ours, theirs = _open_terminal()
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
    client = TerminalClient(ours, process.wait, lambda: process.send_signal(signal.SIGINT))
    try:
        async with _reaped(process):
            yield client
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(theirs)
        os.close(ours)


async def finish(process: asyncio.subprocess.Process, text: str = "") -> Ended:
    """Give a process the last input, and wait until it ends."""
    async with asyncio.timeout(PATIENCE):
        output, notes = await process.communicate(text.encode())
    return Ended(process.returncode, (output or b"").decode(), notes.decode())


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "signalbox", "client", *arguments]


def _open_terminal() -> tuple[int, int]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    return ours, theirs


async def _read_from(descriptor: int) -> asyncio.StreamReader:
    stream, pipe = asyncio.StreamReader(), os.fdopen(descriptor, "rb", 0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
    return stream


async def _write_to(descriptor: int) -> asyncio.WriteTransport:
    pipe = os.fdopen(descriptor, "wb", 0)
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(asyncio.BaseProtocol, pipe)
    return transport


@contextlib.contextmanager
def _streams(stdin: Any, stdout: Any, stderr: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", stderr)
        yield


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


def _raise_interrupt() -> None:
    raise KeyboardInterrupt


@contextlib.asynccontextmanager
async def _reaped(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
