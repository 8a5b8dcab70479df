import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from signalbox.aws import retries
from signalbox.identity.aws_secrets import read_secret, resolve_secrets, secret_source
from signalbox.identity.errors import KeysUnavailableError
from signalbox.settings import Settings
from tests.framework.aws.scripted import Act, Server, Step, answer, running

IN_SECRETS_MANAGER = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:database-a1b2c3"
IN_PARAMETER_STORE = "arn:aws:ssm:eu-central-1:123456789012:parameter/app/token"


class AppSettings(Settings):
    database: SecretStr = SecretStr("")
    token: SecretStr | None = None
    topic: str = ""


class Vault:
    """Secrets Manager and Parameter Store over HTTP, with the values of secrets by ARN."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __call__(self, request: bytes) -> list[bytes]:
        """Answer a request. Without decryption Parameter Store returns the ciphertext."""
        head, body = request.split(b"\r\n\r\n")
        asked = json.loads(body)
        if b"x-amz-target: secretsmanager.GetSecretValue" in head:
            found: object = {"SecretString": self._values[asked["SecretId"]]}
        else:
            assert b"x-amz-target: AmazonSSM.GetParameter" in head
            value = self._values[asked["Name"]] if asked["WithDecryption"] else "ciphertext"
            found = {"Parameter": {"Value": value}}
        return [answer(200, json.dumps(found).encode())]


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """A server that stands for all of AWS."""
    async with running() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        yield server


async def test_secret_is_read_when_its_field_is_an_arn(server: Server) -> None:
    server.respond = Vault({IN_SECRETS_MANAGER: "postgres://", IN_PARAMETER_STORE: "t0ken"})
    settings = AppSettings.from_environment({"DATABASE": IN_SECRETS_MANAGER, "TOKEN": IN_PARAMETER_STORE})

    resolved = await asyncio.to_thread(resolve_secrets, settings)

    assert resolved == AppSettings.from_environment({"DATABASE": "postgres://", "TOKEN": "t0ken"})
    assert b"/eu-west-1/secretsmanager/" in server.requests[0]
    assert b"/eu-central-1/ssm/" in server.requests[1]
    assert settings.database.get_secret_value() == IN_SECRETS_MANAGER


def test_field_stays_as_it_is_when_it_is_no_secret_or_no_arn() -> None:
    settings = AppSettings.from_environment({"DATABASE": "postgres://", "TOPIC": IN_SECRETS_MANAGER})

    assert resolve_secrets(settings) is settings


@pytest.mark.parametrize("arn", [IN_SECRETS_MANAGER, IN_PARAMETER_STORE])
@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (answer(400, b'{"__type":"AccessDeniedException","message":"canary"}'), "AccessDeniedException"),
        (answer(200, b'{"SecretBinary":"canary","Parameter":{}}'), "KeyError"),
        (answer(200, b'{"SecretString":null,"Parameter":null}'), "TypeError"),
        (answer(200, b"canary"), "no JSON object"),
        (Act.CLOSE, "ended before"),
    ],
    ids=["denied", "binary", "null", "no JSON", "closed"],
)
async def test_settings_are_refused_without_the_value_when_a_secret_is_unreachable(
    server: Server, arn: str, step: Step, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "BUDGET", 0.5)
    server.respond = lambda request: [step]
    settings = AppSettings.from_environment({"TOKEN": arn})

    with pytest.raises(KeysUnavailableError) as refused:
        await asyncio.to_thread(resolve_secrets, settings)

    assert str(refused.value).startswith(f"{arn.split(':')[2]}: ")
    assert "canary" not in str(refused.value)
    assert kind in str(refused.value)
    assert refused.value.__cause__ is None


async def test_secret_is_read_when_a_loop_runs_in_this_thread(server: Server) -> None:
    # As in a handler: the loop cannot answer meanwhile, so somebody else must.
    vault = Vault({IN_PARAMETER_STORE: "t0ken"})
    server.respond = vault

    async def in_a_loop() -> str:
        return read_secret(IN_PARAMETER_STORE)

    assert await asyncio.to_thread(asyncio.run, in_a_loop()) == "t0ken"


@pytest.mark.parametrize(("secret", "key"), [("plain", "plain"), (IN_PARAMETER_STORE, "t0ken")])
async def test_source_of_keys_is_the_secret_or_what_its_arn_refers_to(
    server: Server, secret: str, key: str
) -> None:
    server.respond = Vault({IN_PARAMETER_STORE: "t0ken"})

    assert await asyncio.to_thread(secret_source(SecretStr(secret))) == {None: key}
