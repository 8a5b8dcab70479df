"""Lambda's Runtime API, called by hand."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from signalbox.gateway.sandboxes.runtime_api import RuntimeApi
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result

PATIENCE = 60.0
NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n"


class Seen:
    """What the API reported."""

    def __init__(self) -> None:
        self.loaded: list[Failure | None] = []
        self.settled: list[tuple[str, Result]] = []


@pytest.fixture
def seen() -> Seen:
    """Nothing yet."""
    return Seen()


@pytest.fixture
async def api(seen: Seen) -> AsyncIterator[RuntimeApi]:
    """An API that is listening."""
    api = RuntimeApi(seen.loaded.append, lambda request_id, result: seen.settled.append((request_id, result)))
    yield api
    await api.close()


async def connect(api: RuntimeApi) -> socket.socket:
    host, _, port = (await api.open()).partition(":")
    return socket.create_connection((host, int(port)), PATIENCE)


def post(path: str, body: bytes, header: bytes = b"A: b") -> bytes:
    target = f"POST /2018-06-01/runtime/{path} HTTP/1.1\r\n".encode()
    return target + header + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def say(api: RuntimeApi, request: bytes) -> bytes:
    runtime = await connect(api)
    with runtime:
        reader, writer = await asyncio.open_connection(sock=runtime)
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
    return head


async def test_runtime_is_loaded_and_gets_an_event_when_it_polls(api: RuntimeApi, seen: Seen) -> None:
    api.deliver(b'{"a":1}', {"Lambda-Runtime-Aws-Request-Id": "id-1"})

    answer = await say(api, NEXT)

    assert seen.loaded == [None]
    assert b"Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: id-1\r\n" in answer


@pytest.mark.parametrize(
    ("request_bytes", "settled"),
    [
        (post("invocation/id-1/response", b"null"), ("id-1", Answer(b"null"))),
        (
            post("invocation/id-1/error", b'{"errorType": "KeyError", "errorMessage": "secret"}'),
            ("id-1", Failure("error", "KeyError")),
        ),
        (post("invocation/id-1/error", b"not JSON"), ("id-1", Failure("error", "Error"))),
        (post("invocation/id-1/error", b"[]"), ("id-1", Failure("error", "Error"))),
        (post("invocation/id-1/error", b"{}"), ("id-1", Failure("error", "Error"))),
        (
            post(
                "invocation/id-1/error",
                b'{"errorType": "E"}',
                b"Lambda-Runtime-Function-XRay-Error-Cause: " + b"x" * 2_000_000,
            ),
            ("id-1", Failure("error", "E")),
        ),
        (
            post("invocation/id-1/response", b"x" * 6_291_557),
            ("id-1", Failure("too_large", "Function.ResponseSizeTooLarge")),
        ),
    ],
    ids=str,
)
async def test_result_is_accepted_when_a_runtime_posts_it(
    api: RuntimeApi, seen: Seen, request_bytes: bytes, settled: tuple[str, Result]
) -> None:
    assert (await say(api, request_bytes)).startswith(b"HTTP/1.1 202 ")
    assert seen.settled == [settled]


async def test_init_fails_when_a_runtime_says_so(api: RuntimeApi, seen: Seen) -> None:
    header = b"Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError"

    assert b" 202 " in await say(api, post("init/error", b'{"errorMessage": "secret"}', header))
    assert seen.loaded == [Failure("init", "Runtime.ImportModuleError")]


@pytest.mark.parametrize(
    ("body", "message"),
    [(b'{"errorMessage": "because"}', "because"), (b"not JSON", ""), (b"[]", ""), (b"{}", "")],
)
async def test_init_failure_has_the_message_when_a_runtime_posts_one(
    api: RuntimeApi, seen: Seen, body: bytes, message: str
) -> None:
    await say(api, post("init/error", body))

    assert [failure and failure.message for failure in seen.loaded] == [message]


@pytest.mark.parametrize(
    "request_bytes", [b"GET / HTTP/1.1\r\n\r\n", post("invocation/next", b""), post("other", b"")]
)
async def test_call_is_not_found_when_the_api_has_none_such(api: RuntimeApi, request_bytes: bytes) -> None:
    assert b" 404 " in await say(api, request_bytes)


async def test_result_counts_when_the_runtime_died_after_posting_it(api: RuntimeApi, seen: Seen) -> None:
    # All of it is in the kernel before the event loop turns once.
    with await connect(api) as runtime:
        runtime.sendall(post("invocation/id-1/response", b"1"))

    async with asyncio.timeout(PATIENCE):
        await api.drained()

    assert seen.settled == [("id-1", Answer(b"1"))]


async def test_event_waits_when_the_runtime_that_polled_for_it_is_gone(api: RuntimeApi) -> None:
    with await connect(api) as runtime:
        runtime.sendall(NEXT)
    await api.drained()

    api.deliver(b"{}", {"Lambda-Runtime-Aws-Request-Id": "id-1"})

    await api.close()
    assert b"id-1" in await say(api, NEXT)
