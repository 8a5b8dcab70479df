import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signalbox.aws.container import fetch_container_keys, has_container_keys
from signalbox.aws.credentials import MAX_AGE, RENEWAL_PAUSE, Credentials
from signalbox.aws.errors import CredentialsError
from signalbox.aws.keys import Keys
from tests.framework.aws.scripted import Act, Server, Step, answer

NOW = 1_767_225_600
URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


def document(name: str = "first", expires_in: float | None = 3_600, **others: object) -> bytes:
    keys: dict[str, object] = {"AccessKeyId": name, "SecretAccessKey": "canary", "Token": "canary-token"}
    if expires_in is not None:
        keys["Expiration"] = datetime.fromtimestamp(NOW + expires_in, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({**keys, **others}).encode()


def environment(server: Server, **others: str) -> dict[str, str]:
    return {URI: f"http://127.0.0.1:{server.port}/v1/keys?of=function", **others}


class Time:
    """A clock that is set."""

    now = float(NOW)

    def __call__(self) -> float:
        return self.now


def no_chain() -> Callable[[], Keys]:
    pytest.fail("asked the chain")


async def test_keys_are_the_endpoints_when_the_environment_names_it(server: Server) -> None:
    server.play(answer(200, document()))

    keys, expires = await fetch_container_keys(environment(server, HTTP_PROXY="http://proxy.invalid"))

    assert keys == Keys("first", "canary", "canary-token")
    assert expires == NOW + 3_600
    assert server.requests[0].startswith(b"GET /v1/keys?of=function HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"authorization" not in server.requests[0]


async def test_token_is_read_from_its_file_each_time_when_there_is_one(
    server: Server, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    environ = environment(
        server,
        AWS_CONTAINER_AUTHORIZATION_TOKEN="other",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token),
    )
    server.respond = lambda request: [answer(200, document())]
    for text in ("Basic one", "Basic two\n"):
        token.write_text(text)
        await fetch_container_keys(environ)

    assert [b"authorization: Basic one\r\n" in each for each in server.requests] == [True, False]
    assert b"authorization: Basic two\r\n" in server.requests[1]


@pytest.mark.parametrize(
    "environ",
    [
        {URI: "http://192.0.2.1/keys"},
        {URI: "http://metadata.example.com/keys"},
        {URI: "http://127.0.0.1:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nx: canary"},
        {URI: "http://127.0.0.1:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/canary"},
        {URI: "http://127.0.0.1:1/"},
        {URI: "ftp://127.0.0.1:1/"},
        {URI: "http://127.0.0.1:port/"},
    ],
    ids=str,
)
async def test_failure_is_typed_when_there_is_nobody_or_it_may_not_be_asked(environ: dict[str, str]) -> None:
    with pytest.raises(CredentialsError) as failure:
        await fetch_container_keys(environ)
    assert "canary" not in str(failure.value)


@pytest.mark.parametrize(
    "step",
    [
        answer(404, b"canary"),
        answer(200, b""),
        answer(200, b"[]"),
        answer(200, b"{}"),
        answer(200, b"null"),
        answer(200, document(Expiration="soon")),
        answer(200, document(Expiration=7)),
        answer(200, document(AccessKeyId=None)),
        Act.CLOSE,
        b"canary\r\n\r\n",
    ],
)
async def test_failure_is_typed_when_the_endpoint_answers_nonsense(server: Server, step: Step) -> None:
    server.respond = lambda request: [step]

    with pytest.raises(CredentialsError) as failure:
        await fetch_container_keys(environment(server))
    assert "canary" not in str(failure.value)


def test_endpoint_is_known_by_either_variable() -> None:
    assert has_container_keys({URI: "http://x"})
    assert has_container_keys({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"})
    assert not has_container_keys({URI: ""})


async def test_keys_are_asked_for_once_when_many_need_them(server: Server) -> None:
    server.respond = lambda request: [answer(200, document())]
    credentials = Credentials(environment(server), no_chain, Time())

    keys = await asyncio.gather(*(credentials.load() for _ in range(50)))

    assert {each.access_key for each in keys} == {"first"}
    assert len(server.requests) == 1


async def test_keys_are_renewed_before_they_expire(server: Server) -> None:
    clock = Time()
    credentials = Credentials(environment(server), no_chain, clock)
    server.play(answer(200, document("first")))
    server.play(answer(200, document("second", 7_200)))
    await credentials.load()

    clock.now += 3_600 - MAX_AGE - 1
    assert credentials.current() == Keys("first", "canary", "canary-token")
    clock.now += 1
    assert credentials.current() is None
    assert (await credentials.load()).access_key == "second"


async def test_old_keys_are_used_until_they_expire_when_there_are_no_new_ones(server: Server) -> None:
    clock = Time()
    credentials = Credentials(environment(server), no_chain, clock)
    server.play(answer(200, document()))
    server.respond = lambda request: [answer(404)]
    await credentials.load()

    clock.now += 3_600 - MAX_AGE
    assert (await credentials.load()).access_key == "first"
    assert (await credentials.load()).access_key == "first"
    assert len(server.requests) == 2, "ten seconds pass before the next try"
    clock.now += MAX_AGE
    with pytest.raises(CredentialsError):
        await credentials.load()


async def test_failure_is_shared_for_a_second_when_there_are_no_keys(server: Server) -> None:
    clock = Time()
    credentials = Credentials(environment(server), no_chain, clock)
    server.play(answer(404))
    server.respond = lambda request: [answer(200, document())]

    results = await asyncio.gather(*(credentials.load() for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {CredentialsError}
    clock.now += 1
    assert (await credentials.load()).access_key == "first"


async def test_endpoint_is_asked_again_when_it_fails_for_a_moment(server: Server) -> None:
    server.play(answer(500))
    server.play(Act.CLOSE)
    server.respond = lambda request: [answer(200, document())]

    keys, _ = await fetch_container_keys(environment(server))

    assert keys.access_key == "first"


async def test_calls_hardly_wait_when_the_endpoint_hangs_and_the_old_keys_are_good(server: Server) -> None:
    clock = Time()
    credentials = Credentials(environment(server), no_chain, clock)
    server.play(answer(200, document()))
    server.respond = lambda request: [Act.HANG]
    await credentials.load()

    clock.now += 3_600 - MAX_AGE
    assert (await credentials.load()).access_key == "first"
    asked = len(server.requests)
    clock.now += RENEWAL_PAUSE - 1
    assert credentials.current() is not None
    assert len(server.requests) == asked
