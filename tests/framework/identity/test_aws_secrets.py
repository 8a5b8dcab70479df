from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pydantic import SecretStr

from signalbox.identity.aws_secrets import resolve_secrets
from signalbox.identity.errors import KeysUnavailableError
from signalbox.settings import Settings

IN_SECRETS_MANAGER = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:database-a1b2c3"
IN_PARAMETER_STORE = "arn:aws:ssm:eu-central-1:123456789012:parameter/app/token"


class AppSettings(Settings):
    database: SecretStr = SecretStr("")
    token: SecretStr | None = None
    topic: str = ""


class Vault:
    """A fake of boto3's two clients, with the values of secrets by ARN."""

    def __init__(self, values: dict[str, str], failure: Exception | None = None) -> None:
        self._values = values
        self._failure = failure
        self.clients: list[tuple[str, str]] = []

    def make_client(self, service: str, region: str) -> Any:
        """Return the client of a service in a region."""
        self.clients.append((service, region))
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - the name in AWS's API
        """Answer as Secrets Manager does."""
        return {"SecretString": self._read(SecretId)}

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:  # noqa: N803 - as above
        """Answer as Parameter Store does. Without decryption it returns the ciphertext."""
        return {"Parameter": {"Value": self._read(Name) if WithDecryption else "ciphertext"}}

    def _read(self, arn: str) -> str:
        if self._failure:
            raise self._failure
        return self._values[arn]


def test_secret_is_read_when_its_field_is_an_arn() -> None:
    vault = Vault({IN_SECRETS_MANAGER: "postgres://", IN_PARAMETER_STORE: "t0ken"})
    settings = AppSettings.from_environment({"DATABASE": IN_SECRETS_MANAGER, "TOKEN": IN_PARAMETER_STORE})

    resolved = resolve_secrets(settings, vault.make_client)

    assert resolved == AppSettings.from_environment({"DATABASE": "postgres://", "TOKEN": "t0ken"})
    assert vault.clients == [("secretsmanager", "eu-west-1"), ("ssm", "eu-central-1")]
    assert settings.database.get_secret_value() == IN_SECRETS_MANAGER


def test_field_stays_as_it_is_when_it_is_no_secret_or_no_arn() -> None:
    vault = Vault({})
    settings = AppSettings.from_environment({"DATABASE": "postgres://", "TOPIC": IN_SECRETS_MANAGER})

    assert resolve_secrets(settings, vault.make_client) is settings
    assert vault.clients == []


@pytest.mark.parametrize("arn", [IN_SECRETS_MANAGER, IN_PARAMETER_STORE])
@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "canary"}}, "Get"), "AccessDenied"),
        (EndpointConnectionError(endpoint_url="https://canary.invalid"), "EndpointConnectionError"),
        (KeyError("canary"), "KeyError"),
    ],
)
def test_settings_are_refused_without_the_value_when_a_secret_is_unreachable(
    arn: str, failure: Exception, kind: str
) -> None:
    vault = Vault({arn: "canary"}, failure)

    settings = AppSettings.from_environment({"TOKEN": arn})

    with pytest.raises(KeysUnavailableError) as refused:
        resolve_secrets(settings, vault.make_client)

    assert str(refused.value) == f"{arn.split(':')[2]}: {kind}"
    assert refused.value.__cause__ is None
