"""Covers signalbox.aws.tls."""

import asyncio
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from benchmarks.certificate import make_certificate
from signalbox.aws.endpoints import DYNAMODB, SECRETS_MANAGER
from signalbox.aws.errors import (
    AwsError,
    ConnectError,
    CredentialsError,
    EndpointError,
    InvalidResponseError,
    ProxyError,
    RefusedKeysError,
    ResponseTimeoutError,
    ServiceError,
    TransportError,
)
from signalbox.aws.json_api import JsonApi
from tests.framework.aws.certificates import Certificates
from tests.framework.aws.scripted import Act, Server, Step, answer, running
from tests.framework.publisher.conftest import KEYS

SHORT = 0.2
GET = {"TableName": "t", "Key": {"pk": {"S": "canary-äö-\U0001f600"}}}


@pytest.fixture
async def api_to() -> Callable[..., JsonApi]:
    """Make APIs of DynamoDB at a server."""

    def make(server: Server, scheme: str = "http", **options: object) -> JsonApi:
        url = f"{scheme}://127.0.0.1:{server.port}"
        options = {"environ": KEYS, **options}
        return JsonApi(DYNAMODB, "eu-west-1", url, **options)  # type: ignore[arg-type]

    return make


Make = Callable[..., JsonApi]


async def test_request_is_one_post_of_json(server: Server, api_to: Make) -> None:
    server.play(answer(200, b'{"Item":{}}'))
    api = api_to(server)

    assert await api.call("GetItem", GET) == {"Item": {}}
    await api.close()

    head, body = server.requests[0].split(b"\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert json.loads(body) == GET
    assert lines["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert lines["content-type"] == "application/x-amz-json-1.0"
    assert "content-type;host;x-amz-date;x-amz-security-token;x-amz-target" in lines["authorization"]
    assert "/eu-west-1/dynamodb/aws4_request" in lines["authorization"]


async def test_protocol_and_path_are_the_services_when_they_differ(server: Server) -> None:
    environ = {
        **KEYS,
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://127.0.0.1:{server.port}/base",
    }
    api = JsonApi(SECRETS_MANAGER, environ=environ)
    server.play(answer(200, b"{}"))

    await api.call("GetSecretValue", {"SecretId": "x"})
    await api.close()

    head = server.requests[0].decode()
    assert head.startswith("POST /base HTTP/1.1\r\n")
    assert "application/x-amz-json-1.1" in head
    assert "x-amz-target: secretsmanager.GetSecretValue" in head


MANY_HEADERS = b"HTTP/1.1 200 OK\r\n" + b"x-header: canary\r\n" * 10_000 + b"content-length: 2\r\n\r\n{}"
HALF = b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"Item'


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([b"220 mail.invalid ESMTP canary\r\n", Act.HANG], InvalidResponseError),
        ([answer(200, b"<html>canary</html>")], InvalidResponseError),
        ([answer(200, b'{"Item":canary}')], InvalidResponseError),
        ([answer(200, b'{"a":"canary"}', x_amz_crc32="1")], InvalidResponseError),
        ([MANY_HEADERS], InvalidResponseError),
        ([HALF, Act.CLOSE], TransportError),
        ([HALF, Act.RESET], TransportError),
        ([HALF, Act.HANG], ResponseTimeoutError),
        ([Act.HANG], ResponseTimeoutError),
        ([Act.CLOSE], TransportError),
        ([Act.RESET], TransportError),
        ([answer(302, b"{}", Location="http://canary.invalid/")], ServiceError),
        ([answer(503, b"canary")], ServiceError),
        ([answer(400, b'{"__type":"x#ValidationException","message":"canary"}')], ServiceError),
        ([answer(400, b'{"__type":"x#ExpiredTokenException","message":"canary"}')], RefusedKeysError),
    ],
    ids=lambda value: None,
)
async def test_failure_is_typed_and_says_nothing_of_the_contents_when_the_endpoint_misbehaves(
    server: Server, api_to: Make, steps: list[Step], kind: type[AwsError]
) -> None:
    server.respond = lambda request: steps
    api = api_to(server, response_timeout=SHORT)

    with pytest.raises(AwsError) as failure:
        await api.call("PutItem", GET)

    assert isinstance(failure.value, kind)
    assert "canary" not in f"{failure.value} {failure.value!r}"
    assert len(server.requests) == 1, "an answer, or half of one, is no reason to send a write again"
    await api.close()


async def test_every_call_is_answered_when_every_second_connection_is_reset(
    server: Server, api_to: Make
) -> None:
    api = api_to(server)
    for _ in range(10):
        server.play(answer(200, b"{}"))
        server.play(Act.RESET)

    for _ in range(10):
        assert await api.call("GetItem", GET, repeatable=True) == {}
    await api.close()


@pytest.mark.parametrize("end", [1, 17, 60, 100, 104])
async def test_failure_is_typed_when_the_server_closes_at_any_byte(
    server: Server, api_to: Make, end: int
) -> None:
    whole = answer(200, b'{"Item":{"pk":{"S":"' + b"x" * 40 + b'"}}}')
    assert end < len(whole)
    server.respond = lambda request: [whole[:end], Act.CLOSE]
    api = api_to(server)

    with pytest.raises(TransportError):
        await api.call("GetItem", GET)
    await api.close()


@pytest.mark.parametrize("chunked", [False, True])
async def test_answer_is_read_when_it_is_as_large_as_a_page_can_be(
    server: Server, api_to: Make, chunked: bool
) -> None:
    text = secrets.token_hex(8_000_000)
    body = json.dumps({"Items": [text]}).encode()
    if chunked:
        pieces = [body[first : first + 300_000] for first in range(0, len(body), 300_000)]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        sum_ = str(crc32(body)).encode()
        server.play(
            b"HTTP/1.1 200 OK\r\nx-amz-crc32: " + sum_ + b"\r\ntransfer-encoding: chunked\r\n\r\n" + chunks
        )
    else:
        server.play(answer(200, body, x_amz_crc32=str(crc32(body))))
    api = api_to(server, response_timeout=60.0)

    assert (await api.call("Query", {}))["Items"] == [text]
    await api.close()


async def test_certificates_are_those_of_the_bundle_when_the_variable_names_one(
    tmp_path: Path, certificates: Certificates, api_to: Make
) -> None:
    bundle, _ = make_certificate(tmp_path)
    async with running(certificates.server) as server:
        server.respond = lambda request: [answer(200, b"{}")]
        for name, environ in (
            ("no authority of the system", KEYS),
            ("another authority", {**KEYS, "AWS_CA_BUNDLE": str(bundle)}),
            ("AWS_CA_BUNDLE", {**KEYS, "AWS_CA_BUNDLE": "/nowhere/canary"}),
        ):
            with pytest.raises(ConnectError) as failure:
                await api_to(server, "https", environ=environ).call("GetItem", GET)
            assert "canary" not in str(failure.value), name
        assert server.requests == []
        trusted = {**KEYS, "AWS_CA_BUNDLE": str(certificates.authority)}
        api = api_to(server, "https", environ=trusted)
        assert await api.call("GetItem", GET) == {}
        await api.close()


def test_missing_bundle_is_named_when_the_api_is_warmed() -> None:
    api = JsonApi(DYNAMODB, "eu-west-1", environ={**KEYS, "AWS_CA_BUNDLE": "/nowhere"})

    with pytest.raises(ConnectError, match="AWS_CA_BUNDLE"):
        api.warm()


async def test_variable_is_named_when_a_proxy_covers_the_endpoint() -> None:
    environ = {**KEYS, "HTTPS_PROXY": "http://user:canary@proxy.invalid:3128"}
    api = JsonApi(DYNAMODB, "eu-west-1", environ=environ)

    with pytest.raises(ProxyError, match=r"HTTPS_PROXY covers dynamodb.*NO_PROXY"):
        await api.call("GetItem", GET)


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "dynamodb", "http://x:port", "https://"]
    + [f"http://x/{path}" for path in ("/", "a//b", "a/../b", "./", "a b", "ä", "a?b=1", "#a", "a\r\nx: y")],
)
async def test_endpoint_is_refused_when_it_is_no_url(url: str) -> None:
    with pytest.raises(EndpointError):
        await JsonApi(DYNAMODB, "eu-west-1", url, environ=KEYS).call("GetItem", GET)


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "h\0x", "user:canary@ä", "h\udcff"])
async def test_failure_is_typed_when_the_endpoint_has_a_host_that_is_none(host: str) -> None:
    with pytest.raises(EndpointError, match=r"^((?!canary).)*$"):
        await JsonApi(DYNAMODB, "eu-west-1", f"http://{host}", environ=KEYS).call("GetItem", GET)


async def test_region_is_refused_when_it_would_break_a_request(server: Server) -> None:
    api = JsonApi(DYNAMODB, "eu-west-1\r\nx: y", f"http://127.0.0.1:{server.port}", environ=KEYS)

    with pytest.raises(EndpointError):
        await api.call("GetItem", GET)


@pytest.mark.parametrize("variable", KEYS)
async def test_keys_are_refused_when_they_would_break_a_request(
    server: Server, api_to: Make, variable: str
) -> None:
    api = api_to(server, environ={**KEYS, variable: "canary\r\nx: y"})

    with pytest.raises(CredentialsError) as failure:
        await api.call("GetItem", GET)
    assert "canary" not in str(failure.value)
    assert server.requests == []


async def test_variable_is_named_when_there_is_no_region() -> None:
    with pytest.raises(EndpointError, match="AWS_REGION"):
        await JsonApi(DYNAMODB, environ=KEYS).call("GetItem", GET)


async def test_no_more_connections_are_open_than_were_allowed(server: Server, api_to: Make) -> None:
    server.respond = lambda request: [answer(200, b"{}")]
    api = api_to(server, connections=3)

    await asyncio.gather(*(api.call("GetItem", GET) for _ in range(50)))

    assert server.peak <= 3
    await api.close()


async def test_keys_are_those_of_the_moment_when_the_environment_changes_in_a_living_sandbox(
    server: Server, api_to: Make
) -> None:
    environ, now = dict(KEYS), [1_767_225_600.0]
    server.respond = lambda request: [answer(200, b"{}")]
    api = api_to(server, environ=environ, clock=lambda: now[0])
    await api.call("GetItem", GET)

    environ["AWS_ACCESS_KEY_ID"] = "AKIDOTHER"
    server.play(answer(400, b'{"__type":"x#ExpiredTokenException"}'))
    await api.call("GetItem", GET)

    assert [b"AKIDOTHER" in request for request in server.requests] == [False, False, True]
    await api.close()
