"""Facts about the opening handshake: W1, W3-W5, W47-W53, W57-W59."""

import asyncio
import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from signalbox.gateway.config import Config, Limits
from signalbox.gateway.errors import ConfigError
from signalbox.gateway.gateway import Gateway
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result
from tests.conformance.scripted import (
    OK,
    RAISED,
    Event,
    Script,
    ScriptedFunction,
    answer,
    connect,
    exchange,
    handshake,
    never,
    raw_line,
    running,
)


async def refused(gateway: Gateway) -> InvalidStatus:
    """The refusal of a handshake."""
    with pytest.raises(InvalidStatus) as caught:
        await connect(gateway)
    return caught.value


async def status_of(script: Script, limits: Limits | None = None) -> int:
    """The status a refused handshake is answered with."""
    function = ScriptedFunction({"$connect": script})
    async with running(function, limits=limits) as gateway:
        return (await refused(gateway)).response.status_code


async def test_w48_upgrade_is_pending_until_connect_has_answered() -> None:
    decided = asyncio.Event()

    async def decide(event: Event) -> Result:
        await decided.wait()
        return OK

    function = ScriptedFunction({"$connect": decide})
    async with running(function) as gateway:
        opening = asyncio.create_task(connect(gateway).__aenter__())
        await function.next("$connect")
        assert not opening.done()
        decided.set()
        await (await opening).close()


async def test_w48_connection_opens_when_there_is_no_connect_route() -> None:
    function = ScriptedFunction()
    async with running(function, routes=frozenset({"$default"})) as gateway, connect(gateway):
        pass
    assert function.events == []


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_w49_any_2xx_opens_the_connection(status: int) -> None:
    function = ScriptedFunction({"$connect": answer(statusCode=status)})
    async with running(function) as gateway, connect(gateway) as client:
        assert client.response is not None
        assert client.response.status_code == 101


@pytest.mark.parametrize("status", [304, 400, 401, 403, 499, 500, 501, 502])
async def test_w49_any_other_status_answers_the_handshake(status: int) -> None:
    assert await status_of(answer(statusCode=status)) == status


async def test_w50_handshake_is_502_when_the_function_raises() -> None:
    assert await status_of(RAISED) == 502


@pytest.mark.parametrize(
    "failure",
    [
        Failure("timeout", "Sandbox.Timedout"),
        Failure("crashed", "Runtime.ExitError"),
        Failure("init", "Runtime.ImportModuleError"),
        Failure("too_large", "Function.ResponseSizeTooLarge"),
    ],
    ids=lambda failure: failure.kind,
)
async def test_w50_handshake_is_502_when_the_function_gives_no_answer(failure: Failure) -> None:
    assert await status_of(failure) == 502


INVALID = {
    "null": b"null",
    "string": b'"accepted"',
    "list": b'[{"statusCode":200}]',
    "empty": b"",
    "not json": b"{statusCode:200}",
    "nan": b'{"statusCode":200,"body":NaN}',
    "not utf-8": b'{"statusCode":200,"body":"\xff"}',
    "deep": b"[" * 100_000,
    "no status": b'{"body":"hello"}',
    "status as text": b'{"statusCode":"200"}',
    "status as truth": b'{"statusCode":true}',
    "status 101": b'{"statusCode":101}',
    "status 600": b'{"statusCode":600}',
    "headers as list": b'{"statusCode":200,"headers":["Sec-WebSocket-Protocol"]}',
    "subprotocol with a line break": b'{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"a\\r\\nX: y"}}',
}


@pytest.mark.parametrize("payload", INVALID.values(), ids=INVALID.keys())
async def test_w47_w51_handshake_is_502_when_the_answer_is_invalid(payload: bytes) -> None:
    assert await status_of(Answer(payload)) == 502


async def test_w52_handshake_is_504_when_connect_takes_too_long() -> None:
    assert await status_of(never, Limits(integration_timeout=0.01)) == 504


async def test_w53_body_and_headers_of_a_refusal_go_nowhere() -> None:
    refusal = answer(statusCode=403, body="secret", headers={"X-Secret": "1"})
    async with running(ScriptedFunction({"$connect": refusal})) as gateway:
        response = (await refused(gateway)).response
    assert response.body == b""
    assert "X-Secret" not in response.headers


@pytest.mark.parametrize("name", ["Sec-WebSocket-Protocol", "sec-websocket-protocol"])
async def test_w57_subprotocol_is_the_one_connect_chose(name: str) -> None:
    function = ScriptedFunction({"$connect": answer(statusCode=200, headers={name: "second"})})
    offer = [Subprotocol("first"), Subprotocol("second")]
    async with running(function) as gateway, connect(gateway, subprotocols=offer) as client:
        assert client.subprotocol == "second"
        event = await function.next("$connect")
    assert event["headers"]["Sec-WebSocket-Protocol"] == "first, second"


async def test_w57_connection_opens_without_subprotocol_when_connect_echoes_none() -> None:
    offer = [Subprotocol("first")]
    async with running(ScriptedFunction()) as gateway:
        client = await connect(gateway, subprotocols=offer)
        assert client.subprotocol is None
        await client.close()


async def test_w58_refused_connect_is_followed_by_no_disconnect() -> None:
    function = ScriptedFunction({"$connect": answer(statusCode=403)})
    async with running(function) as gateway:
        await refused(gateway)
        function.scripts["$connect"] = OK
        async with connect(gateway):
            pass
        await function.next("$disconnect")
    assert function.routes() == ["$connect", "$connect", "$disconnect"]


async def test_w59_compression_is_offered_to_the_function_and_not_negotiated() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway) as client:
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers
        event = await function.next("$connect")
    assert "permessage-deflate" in event["headers"]["Sec-WebSocket-Extensions"]


@pytest.mark.parametrize("path", ["", "/", "/x", "/x/y", "/@connections", "/@connections/a/b"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_w04_plain_get_is_426(method: str, path: str) -> None:
    async with running(ScriptedFunction()) as gateway:
        request = f"{method} /local{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        reply = await exchange(gateway, request.encode())
    assert reply.startswith(b"HTTP/1.1 426 ")


@pytest.mark.parametrize("path", ["/", "/prod", "/local/deeper", "/localx", "//local"])
async def test_w05_handshake_anywhere_else_is_forbidden(path: str) -> None:
    function = ScriptedFunction()
    async with running(function) as gateway:
        with pytest.raises(InvalidStatus) as caught:
            await connect(gateway, path, url=gateway.websocket_url.rpartition("/")[0])
    assert caught.value.response.status_code == 403
    assert json.loads(caught.value.response.body) == {"message": "Forbidden"}
    assert function.events == []


@pytest.mark.parametrize(("length", "status"), [(4_096, 101), (4_097, 414)])
async def test_w03_url_has_at_most_4096_characters(length: int, status: int) -> None:
    async with running(ScriptedFunction()) as gateway, raw_line(gateway) as (reader, writer):
        writer.write(handshake(path="/local?x=".ljust(length, "y")))
        assert (await reader.readuntil(b"\r\n")).startswith(f"HTTP/1.1 {status} ".encode())


async def test_w03_stage_names_have_letters_digits_dashes_and_underscores() -> None:
    stage = "Aa0-_" * 25
    async with running(ScriptedFunction(), stage=stage) as gateway:
        assert gateway.websocket_url.endswith(f"/{stage}")
        async with connect(gateway):
            pass
    for bad in ("", "a.b", "a b", "x" * 129):
        with pytest.raises(ConfigError):
            Config(stage=bad)


async def test_w01_trailing_slash_is_the_stage_too() -> None:
    async with running(ScriptedFunction()) as gateway, connect(gateway, "/?name=x"):
        pass
