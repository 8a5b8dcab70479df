import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from signalbox.aws.credentials import Credentials
from signalbox.aws.errors import CredentialsError
from signalbox.aws.keys import Keys
from signalbox.aws.signed_client import SignedClient, host_header
from signalbox.aws.signing import Signer
from signalbox.aws.transport import Transport
from tests.framework.aws.scripted import Act, Server, answer

Make = Callable[..., Transport]
NOW = 1_767_225_600
EXPIRED = answer(400, b'{"__type":"com.amazon.coral.service#ExpiredTokenException"}')
UNKNOWN = answer(400, b'{"__type":"x#UnrecognizedClientException"}')


class Keyring:
    """A chain that has another key each time, and fails when it has none left."""

    def __init__(self, *names: str) -> None:
        self.left = list(names)

    def __call__(self) -> Callable[[], Keys]:
        return lambda: Keys(self.left.pop(0), "canary")


async def send(client: SignedClient) -> int:
    signer = Signer("eu-west-1", "dynamodb", "api.test", "/")
    return (await client.send(signer, "POST", "", b"{}", "0" * 64, repeatable=False)).status


def signers_of(server: Server) -> list[str]:
    """Return the access keys that requests were signed with."""
    found = [re.search(rb"Credential=([^/]+)/", request) for request in server.requests]
    return [match[1].decode() for match in found if match]


def signed_at(request: bytes) -> int:
    stamp = re.search(rb"x-amz-date: (\S+)", request)
    assert stamp is not None
    return int(datetime.strptime(stamp[1].decode() + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp())


@pytest.mark.parametrize("refusal", [EXPIRED, UNKNOWN])
async def test_request_is_sent_again_with_other_keys_when_these_were_refused(
    server: Server, transport_to: Make, refusal: bytes
) -> None:
    client = SignedClient(transport_to(server), Credentials({}, Keyring("old", "new")), clock=lambda: NOW)
    server.play(refusal)

    assert [await send(client), await send(client)] == [200, 200]
    assert signers_of(server) == ["old", "new", "new"]


async def test_refusal_is_returned_when_the_next_keys_are_the_same_or_refused_too(
    server: Server, transport_to: Make
) -> None:
    server.respond = lambda request: [EXPIRED]
    same = SignedClient(transport_to(server), Credentials({}, Keyring("a", "a")), clock=lambda: NOW)
    other = SignedClient(transport_to(server), Credentials({}, Keyring("b", "c")), clock=lambda: NOW)

    assert [await send(same), await send(other)] == [400, 400]
    assert signers_of(server) == ["a", "b", "c"]


async def test_refusal_is_returned_when_the_keys_end_in_a_call_and_there_are_no_others(
    server: Server, transport_to: Make
) -> None:
    server.play(EXPIRED)
    client = SignedClient(transport_to(server), Credentials({}, Keyring("only")), clock=lambda: NOW)

    assert await send(client) == 400


async def test_other_keys_are_looked_for_once_when_every_request_is_refused(
    server: Server, transport_to: Make
) -> None:
    server.respond = lambda request: [answer(403, x_amzn_ErrorType="MissingAuthenticationTokenException")]
    keyring = Keyring(*(f"k{number}" for number in range(50)))
    client = SignedClient(transport_to(server), Credentials({}, keyring), clock=lambda: NOW)

    assert {await send(client) for _ in range(20)} == {403}
    assert len(keyring.left) == 48


async def test_call_ends_in_its_time_when_keys_cannot_be_had(server: Server, transport_to: Make) -> None:
    class Slow(Credentials):
        async def load(self) -> Keys:
            await asyncio.Event().wait()
            return Keys("never", "canary")

    transport = transport_to(server, connect_timeout=0.05, response_timeout=0.05)

    with pytest.raises(CredentialsError, match="in time"):
        await send(SignedClient(transport, Slow({})))


@pytest.mark.parametrize("skew", [-600, 600])
async def test_request_is_signed_with_the_servers_time_when_the_clock_is_off(
    server: Server, transport_to: Make, skew: int
) -> None:
    date = datetime.fromtimestamp(NOW, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    refusal = answer(400, b'{"__type":"x#InvalidSignatureException"}', Date=date)
    server.respond = lambda request: [answer(200) if signed_at(request) == NOW else refusal]
    client = SignedClient(transport_to(server), Credentials({}, Keyring("key")), clock=lambda: NOW + skew)

    assert [await send(client), await send(client)] == [200, 200]
    assert [signed_at(request) - NOW for request in server.requests] == [skew, 0, 0]


async def test_keys_are_not_given_up_when_the_request_was_refused_for_another_reason(
    server: Server, transport_to: Make
) -> None:
    server.respond = lambda request: [answer(400, b'{"__type":"x#ConditionalCheckFailedException"}')]
    client = SignedClient(transport_to(server), Credentials({}, Keyring("key")), clock=lambda: NOW)

    assert [await send(client), await send(client)] == [400, 400]
    assert signers_of(server) == ["key", "key"]


async def test_request_goes_over_a_new_connection_when_it_was_closed(
    server: Server, transport_to: Make
) -> None:
    server.play(answer(200), Act.CLOSE)
    client = SignedClient(transport_to(server), Credentials({}, Keyring("key")), clock=lambda: NOW)

    await send(client)
    await client.close()

    assert await send(client) == 200
    assert server.accepted == 2


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.test/x", "api.test"),
        ("https://api.test:443", "api.test"),
        ("https://api.test:80", "api.test:80"),
        ("http://api.test:80", "api.test"),
        ("http://127.0.0.1:3001/dev", "127.0.0.1:3001"),
        ("http://[::1]:3001", "[::1]:3001"),
    ],
)
def test_host_header_has_the_port_unless_it_is_the_usual(url: str, host: str) -> None:
    assert host_header(urlsplit(url)) == host
