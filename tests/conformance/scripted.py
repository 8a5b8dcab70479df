"""A gateway in front of a function that a test writes line by line, and clients that see every byte.

With SIGNALBOX_CONFORMANCE_URL the gateway is a deployed API; see deployed.py.
"""

import asyncio
import json
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from websockets.asyncio import client as websocket
from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode

from signalbox.gateway.config import Config, Limits
from signalbox.gateway.gateway import Gateway
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result
from signalbox.gateway.stage import Stage
from tests.conformance.deployed import URL, Deployed, deployed, lacks

PATIENCE = 60.0
"""Seconds a test waits for what must happen."""
NOON = 1_700_000_000_000
"""When the scripted clock starts, epoch milliseconds."""
RAISED = Failure("error", "ValueError")

Event = dict[str, Any]
Order = dict[str, Any]
"""What only function.py understands."""
Script = Result | Callable[[Event], Awaitable[Result]] | Order


def answer(**fields: Any) -> Answer:
    """What a function returns, as its runtime writes it."""
    return Answer(json.dumps(fields).encode())


OK = answer(statusCode=200)


class ScriptedFunction:
    """Answers each route key as its test says (200 otherwise) and keeps every event."""

    def __init__(self, scripts: Mapping[str, Script] | None = None) -> None:
        self.scripts = dict(scripts or {})
        self.events: list[Event] = []
        self._unread: defaultdict[str, asyncio.Queue[Event]] = defaultdict(asyncio.Queue)

    async def __call__(self, payload: bytes, _request_id: str) -> Result:
        event = json.loads(payload)
        self.take(event)
        script = self.scripts.get(event["requestContext"]["routeKey"], OK)
        assert not isinstance(script, dict)
        return await script(event) if callable(script) else script

    def take(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)
        self._unread[event["requestContext"]["routeKey"]].put_nowait(event)

    def orders(self) -> dict[str, Order]:
        """What function.py is to be told, so that it does the same."""
        return {route: _order(script) for route, script in self.scripts.items()}

    async def next(self, route: str) -> Event:
        """The next event of a route nobody has looked at yet."""
        async with asyncio.timeout(PATIENCE):
            return await self._unread[route].get()

    def routes(self) -> list[str]:
        """The route keys invoked so far, in order."""
        return [event["requestContext"]["routeKey"] for event in self.events]


class Clock:
    """Epoch milliseconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


async def echo(event: Event) -> Result:
    """Answers a message with its body."""
    return answer(statusCode=200, body=event["body"])


async def never(_event: Event) -> Result:
    """Takes for ever."""
    endless: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    return await endless


def _order(script: Script) -> Order:
    match script:
        case dict():
            return script
        case Answer(payload):
            try:
                return {"answer": json.loads(payload)}
            except (ValueError, RecursionError):
                lacks("a runtime that answers no JSON")
        case Failure("error", text):
            return {"raise": text}
        case Failure("crashed"):
            return {"exit": 1}
        case Failure(kind):
            lacks(f"a function that fails as told ({kind})")
    return {"echo": True} if script is echo else lacks("a function that a test can talk to")


@asynccontextmanager
async def running(
    function: Callable[[bytes, str], Awaitable[Result]],
    *,
    limits: Limits | None = None,
    now: Callable[[], int] | None = None,
    authorize: Callable[[bytes, str], Awaitable[Result]] | None = None,
    **config: Any,
) -> AsyncIterator[Gateway]:
    """A gateway on a free port in front of `function`."""
    if URL:
        wanted = {"limits": limits, "a clock": now, "an authorizer": authorize, **config}
        if wishes := [wish for wish, value in wanted.items() if value is not None]:
            lacks(f"{' and '.join(wishes)} of a test's own".replace("_", " "))
        assert isinstance(function, ScriptedFunction)
        async with deployed(URL, function.orders, function.take) as api:
            # Tests ask either for its addresses and nothing else.
            yield cast("Gateway", api)
        return
    guard = None if authorize is None else "guard.authorize"
    settings = Config(port=0, limits=limits or Limits(), authorizer=guard, **config)
    async with Gateway(Stage.of(settings, function, authorize), now=now or Clock()) as gateway:
        yield gateway


def connect(gateway: Gateway, path: str = "", **options: Any) -> websocket.connect:
    """A client of the gateway; `path` is what follows the stage, or with `url` that."""
    url = options.pop("url", gateway.websocket_url)
    if isinstance(gateway, Deployed):
        if "user_agent_header" in options:
            lacks("a function that needs no orders")
        options["user_agent_header"] = gateway.user_agent()
    userinfo = options.pop("userinfo", "")
    return websocket.connect(url.replace("://", f"://{userinfo}") + path, **options)


async def exchange(gateway: Gateway, request: bytes) -> bytes:
    """What the gateway answers to raw bytes, until it closes the line."""
    host, port = _address(gateway)
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def _address(gateway: Gateway) -> tuple[str, int]:
    if isinstance(gateway, Deployed):
        lacks("a line for bytes without TLS")
    host, port = gateway.endpoint.removeprefix("http://").split("/")[0].split(":")
    return host, int(port)


HANDSHAKE = {
    "Host": "x",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def handshake(path: str = "/local", protocol: str = "HTTP/1.1", **changes: str) -> bytes:
    """The bytes of an opening handshake."""
    headers = HANDSHAKE | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"GET {path} {protocol}", *(f"{name}: {value}" for name, value in headers.items() if value)]
    return "\r\n".join([*lines, "\r\n"]).encode()


@asynccontextmanager
async def raw_line(gateway: Gateway) -> AsyncIterator[Line]:
    """A TCP connection with a small receive buffer, which takes little that is not read."""
    host, port = _address(gateway)
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plain.connect((host, port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=1_024)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@asynccontextmanager
async def raw_client(gateway: Gateway) -> AsyncIterator[Line]:
    """A WebSocket client by hand: it has shaken hands and reads nothing more by itself."""
    async with raw_line(gateway) as (reader, writer):
        writer.write(handshake())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        yield reader, writer


def text_frame(text: str) -> bytes:
    """One frame as a client sends it."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=True)


async def ask(client: ClientConnection, text: str) -> str | bytes:
    """The reply to one message."""
    async with asyncio.timeout(PATIENCE):
        await client.send(text)
        return await client.recv()


def close_code(event: Event) -> int:
    """The close code of a DISCONNECT event."""
    code: int = event["requestContext"]["disconnectStatusCode"]
    return code
