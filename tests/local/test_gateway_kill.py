"""A sandbox dies of its n-th call to AWS: the call has taken effect, nothing after it has; others go on.

Covers signalbox.gateway.faults.proxy.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from signalbox.gateway import Config, ConfigError, LocalGateway
from signalbox.gateway.config import SandboxKind, default_sandbox
from signalbox.gateway.faults.hooks import FaultHooks
from signalbox.gateway.faults.plan import FaultPlan, Kill
from signalbox.gateway.faults.proxy import Proxy
from signalbox.gateway.http.server import HttpProtocol, Request, Response
from tests.conformance.scripted import PATIENCE, ask

FUNCTION = """
import http.client, os
from urllib.parse import urlsplit

def call(variable, method, path, body):
    url = urlsplit(os.environ[variable])
    line = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    line.request(method, url.path + path, body)
    status = line.getresponse().status
    line.close()
    return str(status)

def handler(event, context):
    context = event["requestContext"]
    statuses = []
    if context["eventType"] == "MESSAGE":
        for number in range(int(event["body"])):
            statuses.append(call("AWS_ENDPOINT_URL", "POST", f"/table/{number}", "x" * 100_000))
            statuses.append(call("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "GET",
                                 "/@connections/" + context["connectionId"], None))
    return {"statusCode": 200, "body": " ".join(statuses)}
"""


class Engine:
    """A service of AWS on loopback, which keeps the paths it was called at."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        self.paths.append(request.target)
        return Response(200, request.body)


@asynccontextmanager
async def serving() -> AsyncIterator[Engine]:
    """An engine that listens."""
    engine = Engine()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpProtocol(engine.answer), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    engine.url = f"http://{host}:{port}/base"
    async with server:
        yield engine


@asynccontextmanager
async def doomed(
    plan: FaultPlan, task_root: Path, engine: Engine, sandbox: SandboxKind = "socket"
) -> AsyncIterator[LocalGateway]:
    """A gateway whose one sandbox makes two calls for every number it is told."""
    (task_root / "caller.py").write_text(FUNCTION)
    environment = {"AWS_ENDPOINT_URL": engine.url}
    config = Config(port=0, sandboxes=1, sandbox=sandbox, task_root=task_root, environment=environment)
    async with asyncio.timeout(3 * PATIENCE), LocalGateway("caller.handler", config, faults=plan) as gateway:
        yield gateway


@pytest.mark.parametrize("sandbox", sorted({"socket", default_sandbox()}))
@pytest.mark.parametrize("call", [1, 2, 5])
async def test_sandbox_dies_of_a_call_that_has_taken_effect_and_another_goes_on(
    tmp_path: Path, call: int, sandbox: SandboxKind
) -> None:
    async with (
        serving() as engine,
        doomed(FaultPlan(Kill(call)), tmp_path, engine, sandbox) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        assert "Internal server error" in str(await ask(client, "3"))
        assert engine.paths == [f"/base/table/{number}" for number in range((call + 1) // 2)]
        assert await ask(client, "3") == "200 200 200 200 200 200"
        assert isinstance(gateway.hooks, FaultHooks)
        assert gateway.hooks.calls == {"sandbox-1": call, "sandbox-2": 6}
        assert gateway.hooks.injected == {Kill(call): 1}


async def test_sandbox_lives_when_it_makes_fewer_calls(tmp_path: Path) -> None:
    async with (
        serving() as engine,
        doomed(FaultPlan(Kill(7)), tmp_path, engine) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        assert await ask(client, "3") == "200 200 200 200 200 200"


async def test_every_sandbox_dies_when_as_many_shall(tmp_path: Path) -> None:
    async with (
        serving() as engine,
        doomed(FaultPlan(Kill(1, times=2)), tmp_path, engine) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        replies = [str(await ask(client, "1")) for _ in range(3)]
    assert ["Internal server error" in reply for reply in replies] == [True, True, False]


def test_plan_is_refused_when_a_sandbox_of_this_process_should_die() -> None:
    with pytest.raises(ConfigError, match="kill needs sandbox processes"):
        LocalGateway("a.b", Config(in_process=True), faults=FaultPlan(Kill(1)))


@asynccontextmanager
async def proxied(answered: list[Any], spare: bool = True) -> AsyncIterator[tuple[Engine, str]]:
    """An engine behind a proxy."""

    def spared() -> bool:
        answered.append(None)
        return spare

    async with serving() as engine:
        proxy = Proxy(engine.url, spared)
        try:
            yield engine, await proxy.open()
        finally:
            await proxy.close()


async def test_calls_of_a_kept_connection_are_counted_one_by_one_and_their_bytes_kept() -> None:
    answered: list[Any] = []
    async with proxied(answered) as (engine, url):
        host, port = url.removeprefix("http://").removesuffix("/base").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = b"0123456789" * 50_000
        for number in range(3):
            writer.write(f"PUT /{number} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            async with asyncio.timeout(PATIENCE):
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(len(body)) == body
        writer.close()
        await writer.wait_closed()
    assert engine.paths == ["/0", "/1", "/2"]
    assert len(answered) == 3


async def test_line_ends_without_an_answer_when_the_caller_is_not_spared() -> None:
    async with proxied([], spare=False) as (engine, url):
        host, port = url.removeprefix("http://").removesuffix("/base").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    assert engine.paths == ["/"]


async def test_line_ends_when_nobody_listens_behind_the_proxy() -> None:
    async with serving() as engine:
        url = engine.url
    proxy = Proxy(url, lambda: True)
    host, port = (await proxy.open()).removeprefix("http://").removesuffix("/base").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(PATIENCE):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    await proxy.close()
