"""Secrets from AWS Secrets Manager and from Systems Manager's Parameter Store."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import SecretStr

from signalbox.settings import Settings

from .errors import KeysUnavailableError
from .keys import FetchKeys

ARN = re.compile(r"arn:[a-z-]+:(secretsmanager|ssm):([a-z0-9-]+):[0-9]{12}:\S+")
"""The ARN of a secret. A setting of this form is a reference, not the secret itself."""

_Settings = TypeVar("_Settings", bound=Settings)

MakeClient = Callable[[str, str], Any]
"""Makes a boto3 client for a service ("ssm", "secretsmanager") in a region."""


def secret_source(secret: SecretStr) -> FetchKeys:
    """Return the source of a KeyCache: the secret itself or, for an ARN, the value stored there."""

    def fetch() -> dict[str | None, str]:
        text = secret.get_secret_value()
        return {None: read_secret(text) if ARN.fullmatch(text) else text}

    return fetch


def read_secret(arn: str, make_client: MakeClient | None = None) -> str:
    """Return the secret with this ARN, such as `arn:aws:ssm:eu-west-1:123456789012:parameter/key`.

    Raises KeysUnavailableError. Its text names the kind of failure and contains nothing of the secret.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    service, region = arn.split(":")[2:4]
    try:
        client = (make_client or _make_client)(service, region)
        if service == "ssm":
            return str(client.get_parameter(Name=arn, WithDecryption=True)["Parameter"]["Value"])
        return str(client.get_secret_value(SecretId=arn)["SecretString"])
    except ClientError as error:
        raise KeysUnavailableError(f"{service}: {error.response['Error']['Code']}") from None
    except (BotoCoreError, LookupError) as error:
        raise KeysUnavailableError(f"{service}: {type(error).__name__}") from None


def resolve_secrets(settings: _Settings, make_client: MakeClient | None = None) -> _Settings:
    """Return settings with every SecretStr that is an ARN replaced by the secret it refers to.

    Other fields stay as they are. `make_client` replaces boto3, for tests. Raises KeysUnavailableError.
    """
    found = {
        name: SecretStr(read_secret(value.get_secret_value(), make_client))
        for name in type(settings).model_fields
        if isinstance(value := getattr(settings, name), SecretStr) and ARN.fullmatch(value.get_secret_value())
    }
    return settings.model_copy(update=found) if found else settings


def _make_client(service: str, region: str) -> Any:
    from boto3.session import Session
    from botocore.config import Config

    # A handshake waits for this, and botocore's default timeout is a minute.
    config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
    session: Any = Session()  # boto3's stubs accept only literal service names
    return session.client(service, region_name=region, config=config)
