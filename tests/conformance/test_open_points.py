"""What nobody has published, asked of whatever API there is.

On a deployed API these tests find out and never fail; on this machine they hold it to docs/gateway.md.
"""

import asyncio
import os
import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
import pytest_asyncio
from botocore.exceptions import ClientError
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from signalbox.gateway import Config, Credentials, Limits
from signalbox.gateway.gateway import Gateway, wall_clock
from signalbox.gateway.template import TemplateGateway
from tests.conformance.conftest import Found
from tests.conformance.deployed import URL, deployed
from tests.conformance.scripted import PATIENCE, Order, ScriptedFunction, connect, running

ID = r"[A-Za-z0-9_-]{15}="
MINUTE = 60.0 if URL else 0.01
"""Seconds; on this machine limits are as much shorter."""
AT_ITS_PACE: dict[str, Any] = (
    {} if URL else {"limits": Limits(idle=10 * MINUTE, lifetime=120 * MINUTE), "now": wall_clock}
)
pytestmark = pytest.mark.asyncio(loop_scope="module")
takes_hours = pytest.mark.skipif(
    bool(URL) and "SIGNALBOX_CONFORMANCE_HOURS" not in os.environ,
    reason="takes hours; with SIGNALBOX_CONFORMANCE_HOURS=1 it is asked",
)


@dataclass
class Api:
    """An API with function.py behind it."""

    gateway: Gateway
    function: ScriptedFunction

    def client(self, **orders: Order) -> Any:
        """A client, for which the function does as it is told by route."""
        self.function.scripts = {f"${route}": order for route, order in orders.items()}
        return connect(self.gateway)

    async def call(self, operation: str, **arguments: Any) -> int:
        """The status of an SDK's call."""
        sdk = boto3.client("apigatewaymanagementapi", endpoint_url=self.gateway.endpoint)
        try:
            answer = await asyncio.to_thread(getattr(sdk, operation), **arguments)
        except ClientError as error:
            answer = error.response
        finally:
            sdk.close()
        status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
        return status

    async def cause(self) -> str:
        """What `$disconnect` is told."""
        context = (await self.function.next("$disconnect"))["requestContext"]
        return f"{context['disconnectStatusCode']} {context['disconnectReason']!r}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    """The deployed API, or one of this machine that is deployed alike."""
    if URL:
        yield URL
        return
    config = Config(port=0, credentials=Credentials("testing", "testing"))
    async with TemplateGateway(Path(__file__).with_name("template.yaml"), config) as gateway:
        yield gateway.websocket_url


@pytest_asyncio.fixture(loop_scope="module")
async def api(url: str) -> AsyncIterator[Api]:
    """That API, with nothing heard from it yet."""
    function = ScriptedFunction()
    async with deployed(url, function.orders, function.take) as gateway:
        yield Api(cast("Gateway", gateway), function)


async def hear(client: ClientConnection) -> str | bytes:
    """The next frame, in bounded time."""
    async with asyncio.timeout(PATIENCE):
        return await client.recv()


async def test_w05_unknown_stage(api: Api, found: Found) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(api.gateway, "/unknown", url=api.gateway.websocket_url.rpartition("/")[0])
    response = refused.value.response
    found("W5", f"{response.status_code} {bytes(response.body).decode()}", '403 {"message":"Forbidden"}')


async def test_w13_call_without_a_signature(api: Api, found: Found) -> None:
    def ask() -> str:
        try:
            urllib.request.urlopen(f"{api.gateway.endpoint}/@connections/AAAAAAAAAAAAAAA=", timeout=PATIENCE)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return f"{refusal.code} {refusal.headers['x-amzn-ErrorType']} {refusal.read().decode()}"
        return "accepted"

    here = '403 ForbiddenException {"message": "Missing Authentication Token"}'
    found("W13", await asyncio.to_thread(ask), here)


@pytest.mark.parametrize(
    ("connection_id", "here"),
    [
        ("nonsense", 400),
        ("AAAA=", 400),
        ("AAAAAAAAAAAAAAAA", 400),
        ("AAAAAAAAAAAAAAA=", 410),
        ("zzzzzzzzzzzzzzz=", 410),
    ],
)
async def test_w20_malformed_or_unknown(api: Api, found: Found, connection_id: str, here: int) -> None:
    status = await api.call("get_connection", ConnectionId=connection_id)
    found("W20", f"{connection_id} is {status}", f"{connection_id} is {here}")


async def test_w22_post_before_connect_has_answered(api: Api, found: Found) -> None:
    async with api.client(connect={"post": "early"}):
        events = [await api.function.next("$connect") for _ in range(2)]
    found("W22", events[1]["posted"], "410")


async def test_w32_post_of_bytes_that_are_no_text(api: Api, found: Found) -> None:
    async with api.client():
        connection_id = (await api.function.next("$connect"))["requestContext"]["connectionId"]
        found("W32", await api.call("post_to_connection", ConnectionId=connection_id, Data=b"\xff"), 400)


async def test_w59_compression(api: Api, found: Found) -> None:
    async with api.client() as client:
        found(
            "W59", client.response.headers.get("Sec-WebSocket-Extensions", "not negotiated"), "not negotiated"
        )


async def test_w65_line_that_breaks(api: Api, found: Found) -> None:
    client = await api.client()
    client.transport.abort()
    found("W65", await api.cause(), "1006 ''")


@takes_hours
async def test_w65_connection_after_two_hours(found: Found) -> None:
    async with running(ScriptedFunction(), **AT_ITS_PACE) as gateway, connect(gateway) as client:
        with suppress(ConnectionClosed):
            while True:
                await client.send("busy")
                await asyncio.sleep(5 * MINUTE)
        found("W65", f"{client.close_code} {client.close_reason!r}", "1001 'Going away'")


@takes_hours
async def test_w66_ping_and_the_idle_limit(found: Found) -> None:
    async with running(ScriptedFunction(), **AT_ITS_PACE) as gateway, connect(gateway) as client:
        pings = 0
        with suppress(ConnectionClosed):
            while pings < 15:
                await asyncio.sleep(MINUTE)
                await client.ping()
                pings += 1
        found("W66", f"a ping is {'' if pings == 15 else 'no '}traffic", "a ping is no traffic")


async def test_w71_throttled_message(api: Api, found: Found) -> None:
    said = "nothing"
    async with api.client() as client:
        for _ in range(10):
            await client.send('{"action":"throttled"}')
        with suppress(TimeoutError):
            said = str(await hear(client))
    found(
        "W71", re.sub(ID, "…", said), '{"message": "Too Many Requests", "connectionId":"…", "requestId":"…"}'
    )


async def test_w76_status_of_an_answer(api: Api, found: Found) -> None:
    async with api.client(default={"answer": {"statusCode": 500, "body": "body"}}) as client:
        await client.send("hello")
        found("W76", await hear(client), "body")


@pytest.mark.parametrize(
    ("fact", "message", "here"), [("W77", "x" * 32_769, "1009 ''"), ("W78", b"bytes", "1003 ''")]
)
async def test_w77_w78_reason_of_a_refused_frame(
    api: Api, found: Found, fact: str, message: str | bytes, here: str
) -> None:
    async with api.client() as client:
        await client.send(message)
        found(fact, await api.cause(), here)


async def test_w80_messages_of_one_connection(api: Api, found: Found) -> None:
    async with api.client(default={"sleep": 3 if URL else 2}) as client:
        await client.send("first")
        await client.send("second")
        replied = asyncio.create_task(hear(client))
        for _ in range(2):
            await api.function.next("$default")
        found("W80", "one by one" if replied.done() else "side by side", "side by side")
        await replied
