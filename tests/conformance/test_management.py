"""Facts about the `@connections` API: W12, W14-W23, W25, W27-W32, W64, with the SDK and with raw bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config as SdkConfig
from botocore.exceptions import ClientError
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close

from signalbox.gateway.gateway import Gateway
from signalbox.gateway.sandboxes.sandbox import Result
from tests.conformance.scripted import (
    NOON,
    OK,
    PATIENCE,
    Clock,
    Event,
    ScriptedFunction,
    connect,
    exchange,
    running,
)

UNKNOWN = "AAAAAAAAAAAAAAA="


@dataclass
class Bench:
    """A gateway with one client, and boto3 pointed at it as any deployed code would be."""

    gateway: Gateway
    function: ScriptedFunction
    client: ClientConnection
    connection_id: str
    sdk: Any

    async def call(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        """One SDK call, in a thread."""
        return await asyncio.to_thread(operation, **arguments)

    async def raw(self, method: str, path: str, body: bytes = b"") -> bytes:
        """What raw bytes get back."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return await exchange(self.gateway, head.encode() + body)

    async def hear(self) -> str | bytes:
        """The client's next frame."""
        async with asyncio.timeout(PATIENCE):
            return await self.client.recv()


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway) as client:
        monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", gateway.endpoint)
        options = SdkConfig(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=PATIENCE)
        sdk = boto3.client("apigatewaymanagementapi", config=options)
        connection_id = (await function.next("$connect"))["requestContext"]["connectionId"]
        yield Bench(gateway, function, client, connection_id, sdk)
        sdk.close()


async def test_w12_w29_sdk_posts_through_the_environment_variable(bench: Bench) -> None:
    answer = await bench.call(
        bench.sdk.post_to_connection, ConnectionId=bench.connection_id, Data="h\u00e4llo".encode()
    )
    assert await bench.hear() == "h\u00e4llo"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("at", ["@", "%40"])
@pytest.mark.parametrize("equals", ["=", "%3D", "%3d"])
async def test_w14_path_is_accepted_however_it_is_encoded(bench: Bench, at: str, equals: str) -> None:
    path = f"/local/{at}connections/{bench.connection_id.replace('=', equals)}"
    assert (await bench.raw("POST", path, b"hello")).startswith(b"HTTP/1.1 200 ")
    assert await bench.hear() == "hello"


async def test_w15_success_is_200_200_204(bench: Bench) -> None:
    path = f"/local/@connections/{bench.connection_id}"
    assert (
        await bench.raw("POST", path, b"x")
        == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert (await bench.raw("GET", path)).startswith(b"HTTP/1.1 200 ")
    assert await bench.raw("DELETE", path) == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


async def test_w16_sdk_reads_when_and_from_where_the_connection_was_made(bench: Bench) -> None:
    described = await bench.call(bench.sdk.get_connection, ConnectionId=bench.connection_id)
    context = bench.function.events[0]["requestContext"]
    assert described["Identity"] == {
        "SourceIp": context["identity"]["sourceIp"],
        "UserAgent": context["identity"]["userAgent"],
    }
    assert round(described["ConnectedAt"].timestamp() * 1000) == context["connectedAt"]
    assert described["ConnectedAt"] <= described["LastActiveAt"]


async def test_w16_get_says_when_the_connection_was_last_active() -> None:
    function, clock = ScriptedFunction(), Clock()
    async with running(function, now=clock) as gateway, connect(gateway, user_agent_header="x/1") as client:
        connection_id = (await function.next("$connect"))["requestContext"]["connectionId"]
        clock.now = NOON + 61_236
        await client.send("I am active")
        await function.next("$default")
        path = f"/local/@connections/{connection_id}"
        described = {
            "connectedAt": "2023-11-14T22:13:20.000Z",
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "x/1"},
            "lastActiveAt": "2023-11-14T22:14:21.236Z",
        }
        assert await read(gateway, path) == described
        clock.now += 1_000
        await exchange(gateway, f"POST {path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        assert await read(gateway, path) == described | {"lastActiveAt": "2023-11-14T22:14:22.236Z"}


async def read(gateway: Gateway, path: str) -> Any:
    """The JSON that a GET is answered with."""
    reply = await exchange(gateway, f"GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
    return json.loads(reply.partition(b"\r\n\r\n")[2])


async def test_w16_get_has_no_user_agent_when_the_client_sent_none(bench: Bench) -> None:
    async with connect(bench.gateway, user_agent_header=None):
        connection_id = (await bench.function.next("$connect"))["requestContext"]["connectionId"]
        reply = await bench.raw("GET", f"/local/@connections/{connection_id}")
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["identity"] == {"sourceIp": "127.0.0.1"}


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_w18_gone_is_410_with_its_type_in_a_header_and_no_body(bench: Bench, method: str) -> None:
    reply = await bench.raw(method, f"/local/@connections/{UNKNOWN}")
    assert reply.startswith(b"HTTP/1.1 410 ")
    assert b"x-amzn-ErrorType: GoneException\r\n" in reply
    assert reply.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("operation", ["post_to_connection", "get_connection", "delete_connection"])
async def test_w19_sdk_raises_gone_exception(bench: Bench, operation: str) -> None:
    data = {"Data": b"x"} if operation == "post_to_connection" else {}
    with pytest.raises(bench.sdk.exceptions.GoneException):
        await bench.call(getattr(bench.sdk, operation), ConnectionId=UNKNOWN, **data)


MALFORMED = [
    "",
    "x",
    "AAAAAAAAAAAAAAAA",
    "AAAAAAAAAAAAAAAA=",
    "AAAAAAAAAAAAAA+=",
    "a/b",
    "\u00e4",
    "..",
    '"}',
]


@pytest.mark.parametrize("connection_id", MALFORMED)
async def test_w20_malformed_id_is_400(bench: Bench, connection_id: str) -> None:
    reply = await bench.raw("POST", f"/local/@connections/{quote(connection_id, safe='')}", b"x")
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert b"x-amzn-ErrorType: BadRequestException\r\n" in reply
    assert json.loads(reply.partition(b"\r\n\r\n")[2]) == {
        "message": f"Invalid connectionId: {connection_id}"
    }


async def test_w20_sdk_raises_bad_request_for_a_malformed_id(bench: Bench) -> None:
    with pytest.raises(ClientError) as caught:
        await bench.call(bench.sdk.post_to_connection, ConnectionId="nonsense", Data=b"x")
    assert caught.value.response["Error"] == {
        "Code": "BadRequestException",
        "Message": "Invalid connectionId: nonsense",
    }


async def test_w21_closed_connection_is_gone(bench: Bench) -> None:
    await bench.client.close()
    await bench.function.next("$disconnect")
    for method in ("POST", "GET", "DELETE"):
        reply = await bench.raw(method, f"/local/@connections/{bench.connection_id}")
        assert reply.startswith(b"HTTP/1.1 410 ")


async def test_w22_connection_is_gone_until_connect_has_answered(bench: Bench) -> None:
    replies = []

    async def post_to_itself(event: Event) -> Result:
        connection_id = event["requestContext"]["connectionId"]
        replies.append(await bench.raw("POST", f"/local/@connections/{connection_id}", b"early"))
        return OK

    bench.function.scripts["$connect"] = post_to_itself
    async with connect(bench.gateway):
        pass
    assert replies[0].startswith(b"HTTP/1.1 410 ")


async def test_w22_connection_can_be_posted_to_as_soon_as_the_client_knows_it_is_open(bench: Bench) -> None:
    for _ in range(20):
        async with connect(bench.gateway) as client:
            connection_id = (await bench.function.next("$connect"))["requestContext"]["connectionId"]
            reply = await bench.raw("POST", f"/local/@connections/{connection_id}", b"welcome")
            assert reply.startswith(b"HTTP/1.1 200 ")
            assert await client.recv() == "welcome"


@pytest.mark.parametrize("size", [131_073, 3_000_000])
async def test_w23_w30_more_than_128_kb_is_413_and_the_connection_lives(bench: Bench, size: int) -> None:
    with pytest.raises(bench.sdk.exceptions.PayloadTooLargeException):
        await bench.call(bench.sdk.post_to_connection, ConnectionId=bench.connection_id, Data=b"x" * size)
    await bench.call(bench.sdk.post_to_connection, ConnectionId=bench.connection_id, Data=b"x" * 131_072)
    assert await bench.hear() == "x" * 131_072


async def test_w25_delete_takes_neither_code_nor_reason(bench: Bench) -> None:
    path = f"/local/@connections/{bench.connection_id}?code=4000&reason=mine"
    assert (await bench.raw("DELETE", path, b'{"code":4000}')).startswith(b"HTTP/1.1 204 ")
    with pytest.raises(ConnectionClosed) as closed:
        await bench.hear()
    assert closed.value.rcvd == Close(1000, "Connection Closed Normally")


@pytest.mark.parametrize("path", ["prod/@connections/x", "@connections/a/b", "@connections", "x"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
async def test_w27_unknown_path_under_the_stage_is_named_to_any_method_but_get(
    bench: Bench, method: str, path: str
) -> None:
    reply = await bench.raw(method, f"/local/{path}", b"x")
    assert reply.startswith(b"HTTP/1.1 404 ")
    assert json.loads(reply.partition(b"\r\n\r\n")[2]) == {
        "message": f"No method found matching route {path} for http method {method}."
    }


async def test_w28_path_without_the_stage_is_forbidden(bench: Bench) -> None:
    reply = await bench.raw("POST", f"/@connections/{bench.connection_id}", b"x")
    assert reply.startswith(b"HTTP/1.1 403 ")
    assert json.loads(reply.partition(b"\r\n\r\n")[2]) == {"message": "Forbidden"}


async def test_w32_bytes_that_are_no_text_are_refused(bench: Bench) -> None:
    with pytest.raises(ClientError) as caught:
        await bench.call(bench.sdk.post_to_connection, ConnectionId=bench.connection_id, Data=b"\xff")
    assert caught.value.response["Error"]["Code"] == "BadRequestException"


async def test_w64_delete_closes_the_connection_and_invokes_disconnect(bench: Bench) -> None:
    await bench.call(bench.sdk.delete_connection, ConnectionId=bench.connection_id)
    with pytest.raises(ConnectionClosed) as closed:
        await bench.hear()
    assert closed.value.rcvd == Close(1000, "Connection Closed Normally")
    context = (await bench.function.next("$disconnect"))["requestContext"]
    assert context["disconnectStatusCode"] == 1000
    assert context["disconnectReason"] == "Connection Closed Normally"
    with pytest.raises(bench.sdk.exceptions.GoneException):
        await bench.call(bench.sdk.delete_connection, ConnectionId=bench.connection_id)
