"""Sandboxes that die of a call to AWS: a proxy on every endpoint they were given counts the calls.

The proxy forwards bytes as they are, so that signatures stay good. A call has been answered when the first
bytes come back after some went out: SDKs send one request at a time on a connection.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import cast
from urllib.parse import urlsplit

from ..ports import MakeSandbox
from ..sandboxes.sandbox import Failure, Function, Result, Sandbox
from .decisions import Fates
from .plan import Kill

_ENDPOINT = "AWS_ENDPOINT_URL"
_CHUNK = 65_536


class Executioner:
    """Counts the `calls` of every sandbox by its name, and says when one must die."""

    def __init__(self, kills: Sequence[Kill], fates: Fates) -> None:
        self.calls: Counter[str] = Counter()
        self._kills = kills
        self._fates = fates

    def spares(self, name: str) -> bool:
        """Count a call that was answered; False when it was the sandbox's last."""
        self.calls[name] += 1
        for kill in self._kills:
            if kill.call == self.calls[name] and self._fates.befallen[kill] < kill.times:
                self._fates.note(kill, name)
                return False
        return True


class CountedSandbox:
    """A sandbox that reaches AWS through proxies, and is killed when `executioner` says so."""

    def __init__(self, name: str, function: Function, make: MakeSandbox, executioner: Executioner) -> None:
        self._name = name
        self._function = function
        self._make = make
        self._executioner = executioner
        self._proxies: list[Proxy] = []
        self._opening: asyncio.Task[Sandbox] | None = None
        self._sandbox: Sandbox | None = None

    @property
    def name(self) -> str:
        """What its lines of output are marked with."""
        return self._name

    @property
    def pid(self) -> int | None:
        """The process that runs the function; None before `start`."""
        return self._sandbox.pid if self._sandbox else None

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._sandbox is not None and self._sandbox.alive

    async def start(self) -> Failure | None:
        """Open the proxies, then load the function."""
        self._opening = asyncio.create_task(self._open())
        # Cancelled half way, event loops leak sockets. It takes milliseconds, and `stop` waits for it.
        sandbox = await asyncio.shield(self._opening)
        return await sandbox.start()

    def invoke(self, event: bytes, request_id: str, timeout: float) -> asyncio.Future[Result]:
        """Begin to run the function once; after `timeout` seconds it is killed."""
        return cast("Sandbox", self._sandbox).invoke(event, request_id, timeout)

    async def stop(self) -> None:
        """End it, then close its proxies."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if self._sandbox is not None:
            await self._sandbox.stop()
        for proxy in self._proxies:
            await proxy.close()

    async def _open(self) -> Sandbox:
        environment = dict(self._function.environment)
        for variable in [name for name in environment if name.startswith(_ENDPOINT)]:
            if not environment[variable].startswith("http:"):
                continue
            proxy = Proxy(environment[variable], self._spared)
            environment[variable] = await proxy.open()
            self._proxies.append(proxy)
        self._sandbox = self._make(self._name, replace(self._function, environment=environment))
        return self._sandbox

    def _spared(self) -> bool:
        spared = self._executioner.spares(self._name)
        if not spared and self.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        return spared


class Proxy:
    """Stands in for `upstream`, an http URL. Asks `spared` before it passes an answer on, or drops it."""

    def __init__(self, upstream: str, spared: Callable[[], bool]) -> None:
        self._url = urlsplit(upstream)
        self._spared = spared
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Listen; the URL to use instead of the upstream's."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return self._url._replace(netloc=f"{host}:{port}").geturl()

    async def close(self) -> None:
        """Stop listening and end every line."""
        if self._server is not None:
            self._server.close()
            for line in self._lines:
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._forward(reader, writer))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            far_reader, far_writer = await asyncio.open_connection(self._url.hostname, self._url.port or 80)
            async with _closing(far_writer):
                line = _Line(self._spared)
                ways = {
                    asyncio.create_task(line.ask(reader, far_writer)),
                    asyncio.create_task(line.answer(far_reader, writer)),
                }
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close a line in the end; that one side is gone is how lines end."""
    with suppress(OSError):
        try:
            yield
        finally:
            writer.close()
            await writer.wait_closed()


class _Line:
    def __init__(self, spared: Callable[[], bool]) -> None:
        self._spared = spared
        self._asked = False

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            self._asked = True
            writer.write(data)
            await writer.drain()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            asked, self._asked = self._asked, False
            if asked and not self._spared():
                return
            writer.write(data)
            await writer.drain()
