"""An identity provider's public keys, from the URL where it publishes them (RFC 7517)."""

import json
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

from jwt import PyJWK, PyJWTError

from .errors import KeysUnavailableError
from .keys import Key

TIMEOUT = 3.0
"""Seconds the provider may take to connect, and again to answer."""

LARGEST = 262_144
"""The most bytes a key set may have."""


class _StayHere(HTTPRedirectHandler):
    """Keys come from the URL in the settings, not from wherever it points today."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: urllib then raises the redirection as an error."""


def fetch_keys(url: str, algorithm: str) -> dict[str | None, Key]:
    """The keys at `url` for verifying signatures of that algorithm, by id. Raises KeysUnavailableError."""
    try:
        response: HTTPResponse
        with build_opener(_StayHere).open(url, timeout=TIMEOUT) as response:
            text = response.read(LARGEST + 1)
    except HTTPError as error:
        error.close()
        raise KeysUnavailableError(f"HTTP {error.code}") from None
    except (OSError, HTTPException) as error:
        raise KeysUnavailableError(type(error).__name__) from None
    if len(text) > LARGEST:
        raise KeysUnavailableError("the key set is too large")
    keys: dict[str | None, Key] = dict(_read(text, algorithm))
    if not keys:
        raise KeysUnavailableError("the key set has no usable key")
    return keys


def _read(text: bytes, algorithm: str) -> Iterator[tuple[str, Key]]:
    try:
        published = json.loads(text)["keys"]
        candidates = [each for each in published if isinstance(each, dict)]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise KeysUnavailableError("that is no key set") from None
    for candidate in candidates:
        kid = candidate.get("kid")
        if isinstance(kid, str) and candidate.get("use", "sig") == "sig":
            try:
                # With our algorithm, not the key's own word for it: a key of another kind then does not load.
                yield kid, PyJWK(candidate, algorithm).key
            except PyJWTError:
                continue
