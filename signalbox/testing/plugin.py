"""A pytest plugin: a gateway in front of the functions under test, and WebSocket clients that just talk.

    pytest_plugins = ["signalbox.testing.plugin"]

Say which gateway in a fixture called `unstarted_gateway`, and ask for the fixture `gateway`: docs/testing.md.

PYTEST_DONT_REWRITE: there are no assertions here, and tests may well have imported it before it is a plugin.
"""

import asyncio
import json
import threading
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from signalbox.gateway.gateway import Gateway

from .session import HandshakeRefused, WebSocketDisconnect, WebSocketSession, open_session

__all__ = [
    "HandshakeRefused",
    "RunningGateway",
    "WebSocketDisconnect",
    "WebSocketSession",
    "gateway",
    "running",
    "unstarted_gateway",
]


class RunningGateway:
    """A gateway at work on another thread, for tests that are plain functions.

    What does not happen within `patience` seconds raises TimeoutError.
    """

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop, patience: float) -> None:
        self._gateway = gateway
        self._loop = loop
        self._patience = patience

    @property
    def websocket_url(self) -> str:
        """Where any other client connects to the first stage."""
        return self._gateway.websocket_url

    @property
    def endpoint(self) -> str:
        """Where an SDK finds the `@connections` of the first stage."""
        return self._gateway.endpoint

    @property
    def connections(self) -> list[str]:
        """The ids of the open connections, the oldest first."""
        # The bytes of ids rise with time; their letters do not.
        return sorted(self._addresses().values(), key=urlsafe_b64decode)

    @contextmanager
    def websocket_connect(
        self,
        path: str = "/",
        *,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        query: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Iterator[WebSocketSession]:
        """A client for as long as the context lasts. Raises HandshakeRefused on entry.

        The path "/" is the first stage's; every other one is a stage's own, such as "/Chat/dev".
        """
        url = f"ws://{self._host}{self._path(path)}"
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        with open_session(
            url + asked, headers or {}, subprotocols, self._identify, self._patience
        ) as session:
            yield session

    def post(self, connection_id: str, data: Any, path: str = "/") -> int:
        """Post a text, or another value as JSON, through `@connections`; the status of the answer."""
        body = data if isinstance(data, str) else json.dumps(data)
        server = HTTPConnection(self._host, timeout=self._patience)
        try:
            server.request("POST", f"{self._path(path)}/@connections/{quote(connection_id)}", body.encode())
            return server.getresponse().status
        finally:
            server.close()

    @property
    def _host(self) -> str:
        return urlsplit(self.endpoint).netloc

    def _path(self, path: str) -> str:
        return urlsplit(self.endpoint).path if path == "/" else path

    def _identify(self, address: tuple[str, int]) -> str:
        # It is empty when the gateway has closed the connection already.
        return self._addresses().get(address, "")

    def _addresses(self) -> Mapping[tuple[str, int], str]:
        async def look() -> Mapping[tuple[str, int], str]:
            return self._gateway.connections

        return asyncio.run_coroutine_threadsafe(look(), self._loop).result(self._patience)


@contextmanager
def running(gateway: Gateway, patience: float = 10.0) -> Iterator[RunningGateway]:
    """Run a gateway that was not started yet, on a thread and a loop of its own, while the context lasts.

    For fixtures of another scope than a test's. Raises what starting it raises.
    """
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=asyncio.run, args=(_run(gateway, started),), name="gateway")
    thread.start()
    try:
        loop, ended = started.result()
        try:
            yield RunningGateway(gateway, loop, patience)
        finally:
            loop.call_soon_threadsafe(ended.set)
    finally:
        thread.join()


async def _run(gateway: Gateway, started: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]") -> None:
    ended = asyncio.Event()
    try:
        async with gateway:
            started.set_result((asyncio.get_running_loop(), ended))
            await ended.wait()
    except Exception as error:
        if started.done():
            raise
        started.set_exception(error)


@pytest.fixture
def unstarted_gateway() -> Gateway:
    """The gateway of a test, not started yet. Nobody knows which, until this fixture is overridden."""
    raise pytest.UsageError(
        "say which gateway in a fixture called unstarted_gateway: "
        'return LocalGateway("module.function", Config(port=0))'
    )


@pytest.fixture
def gateway(unstarted_gateway: Gateway) -> Iterator[RunningGateway]:
    """The gateway at work, a fresh one for each test."""
    with running(unstarted_gateway) as started:
        yield started
