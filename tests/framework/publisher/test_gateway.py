import asyncio
import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from signalbox.aws.credentials import Credentials
from signalbox.aws.errors import CredentialsError
from signalbox.aws.keys import Keys
from signalbox.aws.transport import Transport
from signalbox.publisher import (
    MAX_FRAME_BYTES,
    ApiGateway,
    Failed,
    Gone,
    Outcome,
    Report,
    Sent,
    Slow,
    TooLarge,
    fan_out,
)
from tests.framework.aws.scripted import Act, Server, answer
from tests.framework.publisher.audience import NOW, Audience
from tests.framework.publisher.conftest import KEYS

Make = Callable[..., ApiGateway]
ID = "R0oXAdfD0kwCH6w="


async def test_w14_request_is_what_boto3_sends_when_a_frame_is_posted(
    server: Server, gateway_to: Make
) -> None:
    assert await gateway_to(server).post(ID, b"hello") == Sent()

    head, body = server.requests[0].split(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert body == b"hello"
    assert lines[:4] == [
        "POST /prod/@connections/R0oXAdfD0kwCH6w%3D HTTP/1.1",
        f"host: 127.0.0.1:{server.port}",
        "x-amz-date: 19700101T000000Z",
        "x-amz-security-token: canary-token",
    ]
    assert re.fullmatch(
        r"authorization: AWS4-HMAC-SHA256 "
        r"Credential=AKIDEXAMPLE/19700101/eu-west-1/execute-api/aws4_request, "
        r"SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}",
        lines[4],
    )
    assert lines[5:] == ["content-length: 5"]


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (answer(200), Sent()),
        (answer(204), Sent()),
        (answer(410, x_amzn_ErrorType="GoneException"), Gone()),
        (answer(410), Gone()),
        (answer(413, b'{"message":"Payload Too Large"}'), TooLarge()),
        (answer(429, x_amzn_ErrorType="LimitExceededException"), Slow()),
        (answer(400, x_amzn_ErrorType="BadRequestException"), Failed("BadRequestException", retry=False)),
        (
            answer(403, x_amzn_ErrorType="ForbiddenException:http://x/"),
            Failed("ForbiddenException", retry=False),
        ),
        (answer(403, b'{"message":"Forbidden"}'), Failed("HTTP 403", retry=False)),
        (answer(404, x_amzn_ErrorType="<script>"), Failed("HTTP 404", retry=False)),
        (answer(301, Location="http://elsewhere/"), Failed("HTTP 301", retry=False)),
        (
            answer(500, x_amzn_ErrorType="InternalServerErrorException"),
            Failed("InternalServerErrorException", True),
        ),
        (answer(503), Failed("HTTP 503", retry=True)),
    ],
)
async def test_w17_outcome_follows_the_status_when_api_gateway_answers(
    server: Server, gateway_to: Make, response: bytes, outcome: Outcome
) -> None:
    gateway = gateway_to(server)
    server.respond = lambda request: [response]

    assert await gateway.post(ID, b"hello") == outcome
    assert await gateway.close(ID) == outcome
    assert [request.split(b" ")[0] for request in server.requests] == [b"POST", b"DELETE"]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([Act.CLOSE], "ConnectionLostError"),
        ([Act.HANG], "ResponseTimeoutError"),
        ([b"garbage"], "InvalidResponseError"),
    ],
)
async def test_failure_may_be_retried_when_there_is_no_answer(
    server: Server, gateway_to: Make, steps: list[bytes | Act], reason: str
) -> None:
    server.play(*steps)

    assert await gateway_to(server, response_timeout=0.5).post(ID, b"hello") == Failed(reason, retry=True)
    assert len(server.requests) == 1


async def test_failure_may_be_retried_when_nobody_listens(server: Server) -> None:
    gateway = ApiGateway("http://127.0.0.1:1/prod", "eu-west-1", credentials=Credentials(KEYS))

    assert await gateway.post(ID, b"hello") == Failed("ConnectError", retry=True)


async def test_w23_frame_is_not_sent_when_it_is_too_large(server: Server, gateway_to: Make) -> None:
    gateway = gateway_to(server)

    assert await gateway.post(ID, bytes(MAX_FRAME_BYTES)) == Sent()
    assert await gateway.post(ID, bytes(MAX_FRAME_BYTES + 1)) == TooLarge()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "connection_id", ["", ".", "..", "a/b", "a b", "a\r\nx: y", "a%3D", "é", "a\n", "a" * 129]
)
async def test_nothing_is_sent_when_the_id_is_malformed(
    server: Server, gateway_to: Make, connection_id: str
) -> None:
    gateway = gateway_to(server)
    failed = Failed("InvalidConnectionId", retry=False)

    assert await gateway.post(connection_id, b"hello") == failed
    assert await gateway.close(connection_id) == failed
    assert await gateway.info(connection_id) == failed
    assert server.requests == []


async def test_nothing_is_sent_when_there_are_no_credentials(
    server: Server, transport_to: Callable[..., Transport]
) -> None:
    def nowhere() -> Callable[[], Keys]:
        raise CredentialsError

    url = f"http://127.0.0.1:{server.port}"
    gateway = ApiGateway(
        url, "eu-west-1", credentials=Credentials({}, nowhere), transport=transport_to(server)
    )

    assert await gateway.post(ID, b"hello") == Failed("CredentialsError", retry=False)
    assert server.requests == []


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("", ""), ("/", ""), ("/prod/", "/prod"), ("/_aws/execute-api/a1/prod", "/_aws/execute-api/a1/prod")],
)
async def test_f09_path_begins_with_the_endpoints_when_it_has_one(
    server: Server, transport_to: Callable[..., Transport], path: str, prefix: str
) -> None:
    url = f"http://127.0.0.1:{server.port}{path}"
    gateway = ApiGateway(url, "eu-west-1", credentials=Credentials(KEYS), transport=transport_to(server))

    await gateway.post(ID, b"hello")

    assert server.requests[0].startswith(f"POST {prefix}/@connections/R0oXAdfD0kwCH6w%3D ".encode())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.test",
        "wss://example.test/prod",
        "http://x/a//b",
        "http://x/../b",
        "http://x/?a",
        "http://x/#a",
    ],
)
def test_endpoint_is_refused_when_it_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="not "):
        ApiGateway(url, "eu-west-1")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://API.Test/prod", "api.test"),
        ("https://api.test:443/prod", "api.test"),
        ("http://api.test:443/prod", "api.test:443"),
        ("http://[::1]:3001/prod", "[::1]:3001"),
        ("http://[::1]:80/prod", "[::1]"),
    ],
)
async def test_host_is_the_signed_one_when_the_port_is_the_usual_one(
    server: Server, transport_to: Callable[..., Transport], url: str, host: str
) -> None:
    gateway = ApiGateway(url, "eu-west-1", credentials=Credentials(KEYS), transport=transport_to(server))

    await gateway.post(ID, b"hello")

    assert f"\r\nhost: {host}\r\n".encode() in server.requests[0]


async def test_frame_is_hashed_once_when_it_is_posted_to_many(
    server: Server, gateway_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, hashed, real = b"x" * 4_096, list[bytes](), hashlib.sha256

    def sha256(data: bytes = b"") -> Any:
        hashed.append(data)
        return real(data)

    monkeypatch.setattr(hashlib, "sha256", sha256)
    gateway = gateway_to(server)

    assert {await gateway.post(ID, frame) for _ in range(20)} == {Sent()}
    assert hashed.count(frame) == 1


async def test_signature_is_over_the_frame_when_frames_take_turns(server: Server, gateway_to: Make) -> None:
    gateway = gateway_to(server)
    for frame in (b"one", b"two", b"one"):
        await gateway.post(ID, frame)

    one, two, again = (re.findall(rb"Signature=(\w+)", request)[0] for request in server.requests)
    assert one == again != two


async def test_f18_fan_out_ends_and_names_them_when_one_in_a_hundred_hangs(
    server: Server, gateway_to: Make
) -> None:
    gateway = gateway_to(server, response_timeout=1.0)
    hanging = ("c17", "c117", "c217", "c317", "c417")
    server.respond = lambda request: (
        [Act.HANG] if any(f"/{each} ".encode() in request for each in hanging) else [answer(200)]
    )
    end = asyncio.get_running_loop().time() + 20.0

    report = await fan_out(
        gateway,
        b"frame",
        Audience(500).stream(),
        now=NOW,
        time_left=lambda: end - asyncio.get_running_loop().time(),
        concurrency=32,
    )

    assert report == Report(recipients=500, sent=495, failed=hanging, reasons={"ResponseTimeoutError": 5})
    tries = Counter(re.findall(r"connections/(c\d+) ", b"".join(server.requests).decode()))
    assert [tries[each] for each in hanging] == [2] * 5


async def test_s14_nothing_is_logged_or_shown_of_contents_when_posts_go_wrong(
    server: Server, gateway_to: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = gateway_to(server, response_timeout=0.05)
    steps = (answer(403), answer(500), Act.HANG, b"garbage", Act.RESET)
    for step in steps:
        server.play(step)

    outcomes = await asyncio.gather(*(gateway.post(ID, b"canary-frame") for _ in steps))

    assert "canary" not in caplog.text + repr(outcomes) + repr(gateway)


async def test_connections_are_ended_when_the_gateway_is_closed(server: Server, gateway_to: Make) -> None:
    gateway = gateway_to(server)
    await gateway.post(ID, b"hello")

    await gateway.aclose()

    await server.until(lambda: server.open == 0)
    assert await gateway.post(ID, b"hello") == Sent()
