"""Child processes that end with this process. Each has a process group, and its output is drained."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from .output import Output

PARENT_WATCH = Path(__file__).with_name("parent_watch.py")
"""The script that ends a program together with its parent process. It runs on any Python from 3.11."""

_STDOUT = 1
_OUTPUT_GRACE = 1.0


class ChildProcess(asyncio.SubprocessProtocol):
    """One running process."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._exited = asyncio.Event()
        self._drained = asyncio.Event()
        self._killed = False
        self._transport: asyncio.SubprocessTransport

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._transport.get_pid()

    @property
    def running(self) -> bool:
        """Whether the process has neither ended nor been killed."""
        return not (self._killed or self._exited.is_set())

    def kill(self) -> None:
        """Kill the whole process group at once."""
        self._killed = True
        if not self._transport.is_closing():
            # macOS raises EPERM for a group of which only a zombie is left.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for the end of the process. Return its exit status, negative for a signal."""
        await self._exited.wait()
        return self._transport.get_returncode() or 0

    async def stop(self) -> None:
        """Kill the process, wait for its end and read the rest of its output."""
        self.kill()
        await self._exited.wait()
        # A process that has left the group may keep the pipe open.
        with suppress(TimeoutError):
            async with asyncio.timeout(_OUTPUT_GRACE):
                await self._drained.wait()
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """Called by the event loop."""
        self._output.feed(data)

    def pipe_connection_lost(self, fd: int, _exc: Exception | None) -> None:
        """Called by the event loop."""
        if fd == _STDOUT:
            self._drained.set()

    def process_exited(self) -> None:
        """Called by the event loop."""
        self._exited.set()


async def spawn(
    program: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: Output,
    pass_fds: tuple[int, ...] = (),
) -> ChildProcess:
    """Start a module or a script with arguments on this interpreter. Raises OSError."""
    _, child = await asyncio.get_running_loop().subprocess_exec(
        lambda: ChildProcess(output),
        *(sys.executable, "-u", str(PARENT_WATCH), *program),
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=pass_fds,
        start_new_session=True,
    )
    return child
