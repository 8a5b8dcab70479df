"""Sandboxes with a portable worker on a socket pair, which is several times cheaper than HTTP."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from .child import ChildProcess
from .output import Sink, write_line
from .process_sandbox import ProcessSandbox
from .sandbox import MAX_PAYLOAD, Answer, Failure, Function

_WORKER = Path(__file__).with_name("worker.py")
_MAX_HEADER = 65_536


class SocketSandbox(ProcessSandbox):
    """A process of the worker. worker.py documents the protocol on the socket."""

    def __init__(self, name: str, function: Function, sink: Sink = write_line) -> None:
        super().__init__(name, function, sink)
        self._wire = _WorkerSocket(self._take)

    async def _launch(self) -> ChildProcess:
        ours, theirs = socket.socketpair()
        with theirs:
            await asyncio.get_running_loop().create_unix_connection(lambda: self._wire, sock=ours)
            fd = theirs.fileno()
            return await self._spawn(str(_WORKER), self._handler, str(fd), str(MAX_PAYLOAD), pass_fds=(fd,))

    def _deliver(self, event: bytes, headers: dict[str, str]) -> None:
        self._wire.send({"size": len(event), **headers}, event)

    async def _drain(self) -> None:
        await self._wire.drained()

    async def _disconnect(self) -> None:
        await self._wire.close()

    def _take(self, header: dict[str, Any], payload: bytes) -> None:
        match header["kind"]:
            case "ready":
                self._load(None)
            case "init":
                self._load(Failure("init", header["type"], message=header["message"]))
            case "answer":
                self._settle(Answer(payload))
            case kind:
                self._settle(Failure(kind, header["type"], header.get("unauthorized", False)))


class _WorkerSocket(asyncio.Protocol):
    def __init__(self, take: Callable[[dict[str, Any], bytes], None]) -> None:
        self._take = take
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._header: dict[str, Any] | None = None
        self._silent = asyncio.Event()

    def send(self, header: dict[str, Any], payload: bytes) -> None:
        if self._transport is not None:
            self._transport.write(json.dumps(header).encode() + b"\n" + payload)

    async def drained(self) -> None:
        await self._silent.wait()

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            await self._silent.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while self._take_message():
                pass
        except (ValueError, LookupError, TypeError):
            # The function wrote to the worker's socket. The worker ends when the socket is closed.
            cast(asyncio.Transport, self._transport).abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._silent.set()

    def _take_message(self) -> bool:
        if self._header is None:
            end = self._buffer.find(b"\n", 0, _MAX_HEADER)
            if end < 0 and len(self._buffer) < _MAX_HEADER:
                return False
            self._header = json.loads(self._buffer[:end])
            del self._buffer[: end + 1]
        size = self._header["size"]
        if len(self._buffer) < size:
            return False
        header, payload = self._header, bytes(self._buffer[:size])
        self._header = None
        del self._buffer[:size]
        self._take(header, payload)
        return True
