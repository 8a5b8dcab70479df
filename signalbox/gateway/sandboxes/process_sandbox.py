"""The common part of both kinds of sandbox process: start, invocation, time limit and end."""

import asyncio
import signal
from abc import ABC, abstractmethod
from contextlib import suppress

from .child import ChildProcess, spawn
from .environment import invocation_headers, sandbox_environment
from .output import Output, Sink, write_line
from .sandbox import Failure, Function, Result

_OUTPUT_GRACE = 1.0


class ProcessSandbox(ABC):
    """A sandbox that is a process of its own. Subclasses implement the communication with it."""

    def __init__(self, name: str, function: Function, sink: Sink = write_line) -> None:
        self._name = name
        self._handler = function.handler
        self._folder = function.task_root
        self._environment = sandbox_environment(function, name)
        self._output = Output(name, sink)
        self._child: ChildProcess | None = None
        self._opening: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Failure | None]
        self._answer: asyncio.Future[Result] | None = None
        self._timer: asyncio.TimerHandle
        self._request_id = ""

    @property
    def name(self) -> str:
        """The prefix of its lines of output."""
        return self._name

    @property
    def pid(self) -> int | None:
        """The process that runs the function, or None before `start`."""
        return self._child.pid if self._child else None

    @property
    def alive(self) -> bool:
        """Whether the sandbox can take another invocation."""
        return self._child is not None and self._child.running

    async def start(self) -> Failure | None:
        """Start the process, and wait until it is ready for an event."""
        self._ready = asyncio.get_running_loop().create_future()
        self._opening = asyncio.create_task(self._open())
        # Event loops leak sockets when this is cancelled half way. `stop` waits for it instead.
        await asyncio.shield(self._opening)
        return await self._ready

    def invoke(self, event: bytes, request_id: str, timeout: float) -> asyncio.Future[Result]:
        """Begin to run the function once. The process is killed after `timeout` seconds."""
        loop = asyncio.get_running_loop()
        self._answer, self._request_id = loop.create_future(), request_id
        self._timer = loop.call_later(timeout, self._expire, timeout)
        if self.alive:
            self._deliver(event, invocation_headers(self._environment, request_id, timeout))
        else:
            self._settle(Failure("crashed", "Runtime.ExitError"))
        return self._answer

    async def stop(self) -> None:
        """Kill the process at once, and release its resources."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if self._child is not None:
            await self._child.stop()
        if self._watcher is not None:
            await asyncio.wait({self._watcher})
        await self._disconnect()
        self._output.close()

    @abstractmethod
    async def _launch(self) -> ChildProcess:
        """Open the communication and start the process."""

    @abstractmethod
    def _deliver(self, event: bytes, headers: dict[str, str]) -> None:
        """Send one event, with the headers of Lambda's Runtime API."""

    @abstractmethod
    async def _drain(self) -> None:
        """Wait until every byte of an ended process has arrived."""

    @abstractmethod
    async def _disconnect(self) -> None:
        """Close the communication."""

    async def _open(self) -> None:
        self._child = await self._launch()
        self._watcher = asyncio.create_task(self._watch(self._child))

    async def _spawn(self, *program: str, pass_fds: tuple[int, ...] = (), **environment: str) -> ChildProcess:
        return await spawn(
            program,
            folder=self._folder,
            environment=self._environment | environment,
            output=self._output,
            pass_fds=pass_fds,
        )

    def _load(self, failure: Failure | None) -> None:
        if not self._ready.done():
            self._ready.set_result(failure)

    def _settle(self, result: Result) -> None:
        if self._answer is not None and not self._answer.done():
            self._timer.cancel()
            self._answer.set_result(result)

    def _expire(self, timeout: float) -> None:
        self._output.note(f"RequestId: {self._request_id} Error: Task timed out after {timeout:.2f} seconds")
        if self._child is not None:
            self._child.kill()
        self._settle(Failure("timeout", "Sandbox.Timedout", detail=f"took longer than {timeout:g} s"))

    async def _watch(self, child: ChildProcess) -> None:
        status = await child.wait()
        # An answer sent before the end counts. A process left behind may keep the connection open.
        with suppress(TimeoutError):
            async with asyncio.timeout(_OUTPUT_GRACE):
                await self._drain()
        if self._answer is not None and not self._answer.done():
            end = f"Runtime exited with error: {_describe(status)}"
            self._output.note(f"RequestId: {self._request_id} Error: {end}")
        self._load(Failure("init", "Runtime.ExitError"))
        self._settle(Failure("crashed", "Runtime.ExitError"))


def _describe(status: int) -> str:
    return f"exit status {status}" if status >= 0 else f"signal: {signal.strsignal(-status)}".lower()
