"""Secrets that are kept by AWS: in Secrets Manager, or as a parameter of Systems Manager."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import SecretStr

from signalbox.settings import Settings

from .errors import KeysUnavailableError
from .keys import Fetch

ARN = re.compile(r"arn:[a-z-]+:(secretsmanager|ssm):([a-z0-9-]+):[0-9]{12}:\S+")
"""Of such a secret: a setting like this says where the secret is, rather than being it."""

_Settings = TypeVar("_Settings", bound=Settings)

MakeClient = Callable[[str, str], Any]
"""From a service and a region to boto3's client."""


def keep(secret: SecretStr) -> Fetch:
    """A keyring's source: the secret itself, or what is where it says."""

    def fetch() -> dict[str | None, str]:
        text = secret.get_secret_value()
        return {None: read_secret(text) if ARN.fullmatch(text) else text}

    return fetch


def read_secret(arn: str, make_client: MakeClient | None = None) -> str:
    """The secret with this ARN, `arn:aws:secretsmanager:…` or `arn:aws:ssm:…:parameter/…`.

    Raises KeysUnavailableError, whose text tells the kind of failure and nothing of the secret.
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


def resolve_secrets(settings: _Settings) -> _Settings:
    """Return settings in which every SecretStr that is an ARN is the value behind it.

    Raises KeysUnavailableError.
    """
    found = {
        name: SecretStr(read_secret(value.get_secret_value()))
        for name in type(settings).model_fields
        if isinstance(value := getattr(settings, name), SecretStr) and ARN.fullmatch(value.get_secret_value())
    }
    return settings.model_copy(update=found) if found else settings


def _make_client(service: str, region: str) -> Any:
    from boto3.session import Session
    from botocore.config import Config

    # A handshake waits for this; botocore's own patience is a minute.
    config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
    session: Any = Session()  # its stubs know every service by name
    return session.client(service, region_name=region, config=config)
