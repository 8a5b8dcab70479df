"""Keys from the container credentials endpoint, as Lambda (SnapStart), ECS and EKS give them."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from .errors import CredentialsError, ServiceError, TransportError
from .keys import Keys
from .response import Response
from .retries import with_retries
from .transport import Transport

_RELATIVE, _FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_TOKEN, _TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
_ECS_HOST = "http://169.254.170.2"
# A token must not leave the machine in clear text: loopback, ECS and EKS.
_PLAIN_HOSTS = {"localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}
_SECONDS = 1.5


def has_container_keys(environ: Mapping[str, str]) -> bool:
    """Return whether the environment names a container credentials endpoint."""
    return bool(environ.get(_RELATIVE) or environ.get(_FULL))


async def fetch_container_keys(environ: Mapping[str, str]) -> tuple[Keys, float | None]:
    """Return the endpoint's keys, and when they expire in epoch seconds. Raises CredentialsError."""
    relative = environ.get(_RELATIVE)
    url = _ECS_HOST + relative if relative else environ[_FULL]
    try:
        parts = urlsplit(url)
        # The link-local addresses are never behind a proxy.
        direct = {name: environ[name] for name in ("AWS_CA_BUNDLE",) if name in environ}
        transport = Transport(url, connections=1, response_timeout=_SECONDS, environ=direct)
    except ValueError:
        raise CredentialsError(f"{_FULL} is no URL") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _PLAIN_HOSTS):
        raise CredentialsError(f"{_FULL}: only https, or http to a host of the container itself")
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    if not path.isascii() or not path.isprintable() or " " in path:
        raise CredentialsError(f"{_FULL} is no URL")
    lines = [f"GET {path} HTTP/1.1", f"host: {parts.netloc}", "accept: application/json"]
    if token := _read_token(environ):
        lines.append(f"authorization: {token}")
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def attempt() -> Response:
        response = await transport.request(request, repeatable=True)
        if response.status != 200:
            raise ServiceError(f"HTTP {response.status}", "", response.status, {})
        return response

    try:
        return _read((await with_retries(attempt, budget=_SECONDS)).body)
    except (TransportError, ServiceError) as error:
        raise CredentialsError(f"the container's credentials: {error}") from None
    finally:
        await transport.close()


def _read_token(environ: Mapping[str, str]) -> str:
    token = environ.get(_TOKEN, "")
    if file := environ.get(_TOKEN_FILE):
        try:
            token = Path(file).read_text()
        except (OSError, ValueError) as error:
            raise CredentialsError(f"{_TOKEN_FILE}: {type(error).__name__}") from None
    token = token.strip()
    if not token.isascii() or not token.isprintable():
        raise CredentialsError(f"{_TOKEN}: it would break the request")
    return token


def _read(body: bytes) -> tuple[Keys, float | None]:
    try:
        document = json.loads(body)
        access_key, secret_key = document["AccessKeyId"], document["SecretAccessKey"]
        token, expiration = document.get("Token"), document.get("Expiration")
        if not all(isinstance(each, str) for each in (access_key, secret_key, token or "")):
            raise ValueError
        expires = datetime.fromisoformat(expiration).timestamp() if expiration else None
        return Keys(access_key, secret_key, token), expires
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise CredentialsError("the container's credentials: the answer has no keys") from None
