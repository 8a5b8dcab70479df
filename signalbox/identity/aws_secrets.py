"""Secrets from AWS Secrets Manager and from Systems Manager's Parameter Store."""

import re
from typing import Any, TypeVar

from pydantic import SecretStr

from signalbox.settings import Settings

from .errors import KeysUnavailableError
from .keys import FetchKeys

ARN = re.compile(r"arn:[a-z-]+:(secretsmanager|ssm):([a-z0-9-]+):[0-9]{12}:\S+")
"""The ARN of a secret. A setting of this form is a reference, not the secret itself."""

SECONDS = 6.0
"""Seconds in which a secret is read, or not."""

_Settings = TypeVar("_Settings", bound=Settings)


def secret_source(secret: SecretStr) -> FetchKeys:
    """Return the source of a KeyCache: the secret itself or, for an ARN, the value stored there."""

    def fetch() -> dict[str | None, str]:
        text = secret.get_secret_value()
        return {None: read_secret(text) if ARN.fullmatch(text) else text}

    return fetch


def read_secret(arn: str) -> str:
    """Return the secret with this ARN, such as `arn:aws:ssm:eu-west-1:123456789012:parameter/key`.

    It blocks for up to 6 seconds. Raises KeysUnavailableError. Its text names the kind of failure and
    contains nothing of the secret.
    """
    # Most settings are no ARN, and then nothing here needs the network.
    from signalbox.aws.errors import AwsError
    from signalbox.aws.loop import run_alone

    service, region = arn.split(":")[2:4]
    read = _read_parameter if service == "ssm" else _read_secret
    try:
        return run_alone(read(region, arn), SECONDS)
    except AwsError as error:
        raise KeysUnavailableError(f"{service}: {error}") from None
    except TimeoutError:
        raise KeysUnavailableError(f"{service}: no answer in {SECONDS:.0f} seconds") from None
    except (LookupError, TypeError) as error:
        raise KeysUnavailableError(f"{service}: {type(error).__name__}") from None


def resolve_secrets(settings: _Settings) -> _Settings:
    """Return settings with every SecretStr that is an ARN replaced by the secret it refers to.

    Other fields stay as they are. Raises KeysUnavailableError.
    """
    found = {
        name: SecretStr(read_secret(value.get_secret_value()))
        for name in type(settings).model_fields
        if isinstance(value := getattr(settings, name), SecretStr) and ARN.fullmatch(value.get_secret_value())
    }
    return settings.model_copy(update=found) if found else settings


async def _read_parameter(region: str, arn: str) -> str:
    answer = await _call("SSM", region, "GetParameter", {"Name": arn, "WithDecryption": True})
    return _text(answer["Parameter"]["Value"])


async def _read_secret(region: str, arn: str) -> str:
    answer = await _call("SECRETS_MANAGER", region, "GetSecretValue", {"SecretId": arn})
    return _text(answer["SecretString"])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


async def _call(service: str, region: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    from signalbox.aws import endpoints
    from signalbox.aws.json_api import JsonApi
    from signalbox.aws.retries import with_retries

    api = JsonApi(getattr(endpoints, service), region, connections=1)
    try:
        return await with_retries(lambda: api.call(operation, request, repeatable=True))
    finally:
        await api.close()
