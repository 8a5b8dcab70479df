"""A gateway that runs on a thread of its own, for tests that are plain functions."""

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

from signalbox.gateway import Gateway

from .session import WebSocketSession, open_session


class RunningGateway:
    """A started gateway. Every call raises TimeoutError after `timeout` seconds."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        self._gateway = gateway
        self._loop = loop
        self._timeout = timeout

    @property
    def websocket_url(self) -> str:
        """The URL of the first stage, for any other client."""
        return self._gateway.websocket_url

    @property
    def endpoint(self) -> str:
        """The `@connections` endpoint of the first stage, for an SDK."""
        return self._gateway.endpoint

    @property
    def connections(self) -> list[str]:
        """The ids of the open connections, the oldest first."""
        # Ids rise with time as bytes, but not as base64 text.
        return sorted(self._connection_ids().values(), key=urlsafe_b64decode)

    @contextmanager
    def websocket_connect(
        self,
        path: str = "/",
        *,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        query: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Iterator[WebSocketSession]:
        """Connect a client, which is closed at the end of the context. Raises HandshakeRefused on entry.

        The path "/" is the first stage. Another path names a stage, for example "/Chat/dev".
        """
        url = f"ws://{self._host}{self._path(path)}"
        query_string = f"?{urlencode(query, doseq=True)}" if query else ""
        with open_session(
            url + query_string, headers or {}, subprotocols, self._identify, self._timeout
        ) as session:
            yield session

    def post(self, connection_id: str, data: Any, path: str = "/") -> int:
        """Post a string, or a value as JSON, through `@connections`. Return the status of the answer."""
        body = data if isinstance(data, str) else json.dumps(data)
        server = HTTPConnection(self._host, timeout=self._timeout)
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
        # The id is empty when the gateway has already closed the connection.
        return self._connection_ids().get(address, "")

    def _connection_ids(self) -> Mapping[tuple[str, int], str]:
        async def read() -> Mapping[tuple[str, int], str]:
            return self._gateway.connections

        return asyncio.run_coroutine_threadsafe(read(), self._loop).result(self._timeout)


@contextmanager
def running(gateway: Gateway, timeout: float = 10.0) -> Iterator[RunningGateway]:
    """Run an unstarted gateway on a thread and an event loop of its own, until the end of the context.

    Use it in fixtures of a wider scope than a test's. Raises the errors of starting the gateway.
    """
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=asyncio.run, args=(_run(gateway, started),), name="gateway")
    thread.start()
    try:
        loop, ended = started.result()
        try:
            yield RunningGateway(gateway, loop, timeout)
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
