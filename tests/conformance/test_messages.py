"""Facts about messages and the gateway's own frames: W67-W69, W75-W79.

Covers signalbox.gateway.events.answers, signalbox.gateway.events.frames.
Covers signalbox.gateway.sockets.integration.
"""

import asyncio
import json
import re

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from signalbox.gateway.config import Limits
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result
from tests.conformance.scripted import (
    OK,
    PATIENCE,
    RAISED,
    Event,
    Script,
    ScriptedFunction,
    answer,
    connect,
    echo,
    running,
)

ID = r"[A-Za-z0-9_-]{15}="
LIFECYCLE = frozenset({"$connect", "$disconnect"})


async def hear(client: ClientConnection) -> str | bytes:
    """The next frame, in bounded time."""
    async with asyncio.timeout(PATIENCE):
        return await client.recv()


async def reply_to(script: Script, message: str = "hello", limits: Limits | None = None) -> str | bytes:
    """The frame a message gets back, of a connection that is seen to live on."""
    function = ScriptedFunction({"$default": script})
    async with running(function, limits=limits) as gateway, connect(gateway) as client:
        await client.send(message)
        frame = await hear(client)
        await (await client.ping())
        return frame


def is_frame(text: str | bytes, message: str) -> bool:
    """Whether `text` is the gateway's frame, to the byte."""
    pattern = rf'\{{"message": "{message}", "connectionId":"{ID}", "requestId":"{ID}"\}}'
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


async def test_w67_no_route_is_the_forbidden_frame() -> None:
    function = ScriptedFunction()
    routes = LIFECYCLE | {"known"}
    async with running(function, routes=routes) as gateway, connect(gateway) as client:
        connection_id = (await function.next("$connect"))["requestContext"]["connectionId"]
        await client.send('{"action":"unknown"}')
        frame = await hear(client)
        assert is_frame(frame, "Forbidden")
        assert json.loads(frame)["connectionId"] == connection_id
        await client.send('{"action":"known"}')
        await function.next("known")


async def test_w68_function_that_raises_is_the_error_frame() -> None:
    assert is_frame(await reply_to(RAISED), "Internal server error")


async def test_w68_error_frame_carries_the_ids_of_the_event() -> None:
    function = ScriptedFunction({"$default": RAISED})
    async with running(function) as gateway, connect(gateway) as client:
        await client.send("hello")
        frame = json.loads(await hear(client))
        context = (await function.next("$default"))["requestContext"]
    assert (frame["connectionId"], frame["requestId"]) == (context["connectionId"], context["requestId"])


@pytest.mark.parametrize("kind", ["timeout", "crashed", "init", "too_large"])
async def test_w68_function_without_an_answer_is_the_error_frame(kind: str) -> None:
    assert is_frame(await reply_to(Failure(kind, "Some.Name")), "Internal server error")  # type: ignore[arg-type]  # from the list above


INVALID = {
    "null": b"null",
    "string": b'"hello"',
    "number": b"7",
    "nan": b'{"statusCode":200,"body":"x","n":NaN}',
    "not json": b"hello",
    "body as object": b'{"statusCode":200,"body":{"a":1}}',
    "half a surrogate pair": b'{"statusCode":200,"body":"\\ud800"}',
    "bad base64": b'{"statusCode":200,"body":"!","isBase64Encoded":true}',
    "base64 of no text": b'{"statusCode":200,"body":"/w==","isBase64Encoded":true}',
    "body over 128 KB": json.dumps({"statusCode": 200, "body": "x" * 131_073}).encode(),
}


@pytest.mark.parametrize("payload", INVALID.values(), ids=INVALID.keys())
async def test_w68_invalid_answer_is_the_error_frame(payload: bytes) -> None:
    assert is_frame(await reply_to(Answer(payload)), "Internal server error")


async def test_w68_error_frame_is_sent_on_one_way_routes_too() -> None:
    function = ScriptedFunction({"$default": RAISED})
    async with running(function, two_way=frozenset()) as gateway, connect(gateway) as client:
        await client.send("hello")
        assert is_frame(await hear(client), "Internal server error")


async def test_w69_w92_integration_timeout_is_29_seconds() -> None:
    assert Limits().integration_timeout == 29


async def test_w69_integration_timeout_is_the_frame_and_the_function_goes_on() -> None:
    finish, finished = asyncio.Event(), asyncio.Event()

    async def outlast(event: Event) -> Result:
        await finish.wait()
        finished.set()
        return answer(statusCode=200, body="too late")

    function = ScriptedFunction({"$default": outlast})
    limits = Limits(integration_timeout=0.5)
    async with running(function, limits=limits) as gateway, connect(gateway) as client:
        await client.send("hello")
        assert is_frame(await hear(client), "Endpoint request timed out")
        finish.set()
        async with asyncio.timeout(PATIENCE):
            await finished.wait()
        function.scripts["$default"] = echo
        await client.send("next")
        assert await hear(client) == "next", "what came too late is not sent"


async def test_w75_body_of_the_answer_goes_back_as_text_on_a_two_way_route() -> None:
    assert await reply_to(answer(statusCode=200, body='{"ok": "\u00e4"}')) == '{"ok": "\u00e4"}'


async def test_w75_body_in_base64_is_decoded() -> None:
    assert await reply_to(answer(statusCode=200, body="aGk=", isBase64Encoded=True)) == "hi"


@pytest.mark.parametrize("silence", [OK, answer(statusCode=200, body=""), answer(statusCode=200, body=None)])
async def test_w75_nothing_is_sent_when_there_is_no_body(silence: Result) -> None:
    async def answer_late(event: Event) -> Result:
        return await echo(event) if event["body"] else silence

    async with (
        running(ScriptedFunction({"$default": answer_late})) as gateway,
        connect(gateway) as client,
    ):
        await client.send("")
        await client.send("first heard")
        assert await hear(client) == "first heard"


async def test_w75_body_is_discarded_on_a_one_way_route() -> None:
    function = ScriptedFunction({"quiet": echo, "$default": echo})
    routes = LIFECYCLE | {"$default", "quiet"}
    async with running(function, routes=routes) as gateway, connect(gateway) as client:
        await client.send('{"action":"quiet"}')
        await function.next("quiet")
        await client.send("loud")
        assert await hear(client) == "loud"


async def test_w76_status_of_an_answer_says_nothing_on_message_routes() -> None:
    assert await reply_to(answer(statusCode=500, body="still a body")) == "still a body"


async def test_w77_frame_of_32_kb_is_accepted() -> None:
    assert await reply_to(echo, "x" * 32_768) == "x" * 32_768


async def test_w77_fragmented_message_of_128_kb_is_accepted() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway) as client:
        await client.send(["x" * 32_768] * 4)
        assert len((await function.next("$default"))["body"]) == 131_072


@pytest.mark.parametrize("message", ["x" * 32_769, ["x" * 32_768] * 4 + ["x"]], ids=["frame", "message"])
async def test_w77_one_byte_more_closes_with_1009(message: str | list[str]) -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway) as client:
        await client.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert (await function.next("$disconnect"))["requestContext"]["disconnectStatusCode"] == 1009
    assert "$default" not in function.routes()


async def test_w78_binary_frame_closes_with_1003() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway) as client:
        await client.send(b"bytes")
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003
        assert (await function.next("$disconnect"))["requestContext"]["disconnectStatusCode"] == 1003
    assert "$default" not in function.routes()


async def test_w79_ping_is_answered_and_reaches_no_function() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway) as client:
        async with asyncio.timeout(PATIENCE):
            await (await client.ping())
    assert function.routes()[:1] == ["$connect"]
    assert "$default" not in function.routes()
