"""Facts about the signature of `@connections` calls: W13, W17. The judge of what is right is botocore."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config as SdkConfig
from botocore.credentials import Credentials as Keys
from websockets.asyncio.client import ClientConnection

from signalbox.gateway.config import Credentials
from signalbox.gateway.gateway import Gateway, wall_clock
from tests.conformance.scripted import PATIENCE, Clock, ScriptedFunction, connect, exchange, running

GOOD = Credentials("AKIAEXAMPLE", "secret/+=")
KEYS = Keys(GOOD.key_id, GOOD.secret)
UNKNOWN = "AAAAAAAAAAAAAAA="


@asynccontextmanager
async def guarded() -> AsyncIterator[tuple[Gateway, ClientConnection, str]]:
    """A gateway that wants signatures, and one client of it."""
    function = ScriptedFunction()
    async with (
        running(function, now=wall_clock, credentials=GOOD) as gateway,
        connect(gateway) as client,
    ):
        connection_id = (await function.next("$connect"))["requestContext"]["connectionId"]
        yield gateway, client, connection_id


def sdk(
    gateway: Gateway, key_id: str, secret: str, token: str | None = None, region: str = "us-east-1"
) -> Any:
    """boto3, signing with these keys."""
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=gateway.endpoint,
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=SdkConfig(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=PATIENCE),
    )


@pytest.mark.parametrize("token", [None, "of a session"])
async def test_w13_good_signature_is_accepted_for_every_method(token: str | None) -> None:
    async with guarded() as (gateway, client, connection_id):
        signing = sdk(gateway, GOOD.key_id, GOOD.secret, token)
        await asyncio.to_thread(signing.post_to_connection, ConnectionId=connection_id, Data=b"h\xc3\xa4")
        async with asyncio.timeout(PATIENCE):
            assert await client.recv() == "h\u00e4"
        await asyncio.to_thread(signing.get_connection, ConnectionId=connection_id)
        await asyncio.to_thread(signing.delete_connection, ConnectionId=connection_id)
        signing.close()


@pytest.mark.parametrize(
    ("key_id", "secret", "region"),
    [
        (GOOD.key_id, "another", "us-east-1"),
        ("AKIAOTHER", GOOD.secret, "us-east-1"),
        (GOOD.key_id, GOOD.secret, "eu-west-1"),
    ],
    ids=["secret", "key", "region"],
)
async def test_w13_w17_sdk_raises_forbidden_exception(key_id: str, secret: str, region: str) -> None:
    async with guarded() as (gateway, _, connection_id):
        signing = sdk(gateway, key_id, secret, region=region)
        for id_of_any_kind in (connection_id, UNKNOWN, "nonsense"):
            with pytest.raises(signing.exceptions.ForbiddenException):
                await asyncio.to_thread(signing.get_connection, ConnectionId=id_of_any_kind)
        signing.close()


class Careless(SigV4Auth):
    """Signs all headers but one."""

    def __init__(self, unsigned: str) -> None:
        super().__init__(KEYS, "execute-api", "us-east-1")
        self._unsigned = unsigned

    def headers_to_sign(self, request: AWSRequest) -> Any:
        headers = super().headers_to_sign(request)
        del headers[self._unsigned]
        return headers


def signed(
    gateway: Gateway,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    signer: SigV4Auth | None = None,
    extra: str = "1",
) -> dict[str, str]:
    """The headers botocore signs a request with."""
    origin = gateway.endpoint.removesuffix("/local")
    # Some clients name the hash of the body too; it is the body that counts.
    named = {"X-Extra": extra, "X-Amz-Content-SHA256": sha256(body).hexdigest()}
    request = AWSRequest(method, origin + path, data=body, headers=named)
    (signer or SigV4Auth(KEYS, "execute-api", "us-east-1")).add_auth(request)
    return {"Host": origin.removeprefix("http://"), **dict(request.headers.items())}


async def send(gateway: Gateway, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """What is answered to a request with these headers."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return await exchange(gateway, "\r\n".join([*lines, "\r\n"]).encode() + body)


PATHS = [
    "@connections/{id}",
    "%40connections/{id}",
    "@connections/{encoded}",
    "@connections/{id}?b=2&a=x%20y",
]


@pytest.mark.parametrize("path", PATHS)
async def test_w13_w14_signature_is_of_the_path_as_it_was_written(path: str) -> None:
    async with guarded() as (gateway, _, connection_id):
        encoded = connection_id.replace("=", "%3D")
        whole = "/local/" + path.format(id=connection_id, encoded=encoded)
        headers = signed(gateway, "POST", whole, b"x", extra="  a   b ")
        assert (await send(gateway, "POST", whole, headers, b"x")).startswith(b"HTTP/1.1 200 ")


async def answer_after(changes: dict[str, str | None]) -> bytes:
    """The answer when a good request is changed after it was signed."""
    async with guarded() as (gateway, _, connection_id):
        path = f"/local/@connections/{connection_id}"
        headers: dict[str, Any] = signed(gateway, "POST", path, b"x")
        kept = {name: value for name, value in (headers | changes).items() if value is not None}
        body = kept.pop("body", "x")
        method = kept.pop("method", "POST")
        return await send(gateway, method, kept.pop("path", path), kept, body.encode())


SIGNATURE = f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
OTHER_SERVICE = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20240101/us-east-1/s3/aws4_request"
FORGERIES: dict[str, dict[str, str | None]] = {
    "none": {"Authorization": None},
    "basic": {"Authorization": "Basic x"},
    "empty": {"Authorization": ""},
    "other service": {"Authorization": f"{OTHER_SERVICE}, {SIGNATURE}"},
    "no date": {"X-Amz-Date": None},
    "other date": {"X-Amz-Date": "20231114T221320Z"},
    "date that is none": {"X-Amz-Date": f"{datetime.now(UTC):%Y%m%d}T996199Z"},
    "header changed": {"X-Extra": "2"},
    "header lacking": {"X-Extra": None},
    "host changed": {"Host": "elsewhere"},
    "body changed": {"body": "y"},
    "method changed": {"method": "DELETE"},
    "path changed": {"path": f"/local/@connections/{UNKNOWN}"},
}


@pytest.mark.parametrize("changes", FORGERIES.values(), ids=FORGERIES.keys())
async def test_w13_request_is_403_when_its_signature_is_missing_or_wrong(
    changes: dict[str, str | None],
) -> None:
    reply = await answer_after(changes)
    assert reply.startswith(b"HTTP/1.1 403 ")
    assert b"x-amzn-ErrorType: ForbiddenException\r\n" in reply


@pytest.mark.parametrize(("unsigned", "status"), [("host", 403), ("x-amz-date", 403), ("x-extra", 200)])
async def test_w13_host_and_date_must_be_signed(unsigned: str, status: int) -> None:
    async with guarded() as (gateway, _, connection_id):
        path = f"/local/@connections/{connection_id}"
        headers = signed(gateway, "GET", path, signer=Careless(unsigned))
        assert (await send(gateway, "GET", path, headers)).startswith(f"HTTP/1.1 {status} ".encode())


async def test_w13_request_is_403_when_its_credential_is_of_another_day() -> None:
    async with guarded() as (gateway, _, connection_id):
        path = f"/local/@connections/{connection_id}"
        headers = signed(gateway, "GET", path)
        today = headers["X-Amz-Date"][:8]
        headers["Authorization"] = headers["Authorization"].replace(f"/{today}/", "/20231114/")
        assert (await send(gateway, "GET", path, headers)).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(("minutes", "status"), [(-6, 403), (-4, 410), (4, 410), (6, 403)])
async def test_w13_signature_is_good_for_five_minutes(minutes: int, status: int) -> None:
    clock = Clock()
    async with running(ScriptedFunction(), now=clock, credentials=GOOD) as gateway:
        path = f"/local/@connections/{UNKNOWN}"
        headers = signed(gateway, "GET", path)
        signed_at = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        clock.now = round(signed_at.timestamp() * 1000) + minutes * 60_000
        assert (await send(gateway, "GET", path, headers)).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_w13_w23_body_too_large_to_verify_is_413_and_does_nothing(method: str) -> None:
    async with guarded() as (gateway, client, connection_id):
        path = f"/local/@connections/{connection_id}"
        reply = await send(gateway, method, path, {"Host": "x"}, b"x" * 131_073)
        assert reply.startswith(b"HTTP/1.1 413 ")
        await (await client.ping())


async def test_w13_nothing_is_verified_without_credentials() -> None:
    async with running(ScriptedFunction()) as gateway:
        reply = await send(gateway, "GET", f"/local/@connections/{UNKNOWN}", {"Host": "x"})
    assert reply.startswith(b"HTTP/1.1 410 ")
