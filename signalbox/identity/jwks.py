"""Fetches an identity provider's public keys, its JWKS (RFC 7517)."""

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
"""Seconds for connecting to the provider, and for its answer."""

MAX_KEY_SET_BYTES = 262_144
"""The maximum size of a key set."""


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects: keys come from the URL in the settings and from no other."""

    def redirect_request(self, *_: Any) -> None:
        """Return nothing, so that urllib raises the redirect as an error."""


def fetch_keys(url: str, algorithm: str) -> dict[str | None, Key]:
    """Return the keys at `url` for an algorithm, by key id. Raises KeysUnavailableError."""
    try:
        response: HTTPResponse
        with build_opener(_NoRedirects).open(url, timeout=TIMEOUT) as response:
            text = response.read(MAX_KEY_SET_BYTES + 1)
    except HTTPError as error:
        error.close()
        raise KeysUnavailableError(f"HTTP {error.code}") from None
    except (OSError, HTTPException) as error:
        raise KeysUnavailableError(type(error).__name__) from None
    if len(text) > MAX_KEY_SET_BYTES:
        raise KeysUnavailableError(f"the key set has more than {MAX_KEY_SET_BYTES} bytes")
    keys: dict[str | None, Key] = dict(_read(text, algorithm))
    if not keys:
        raise KeysUnavailableError(f"the key set has no key for {algorithm}: check JWT_ALGORITHM")
    return keys


def _read(text: bytes, algorithm: str) -> Iterator[tuple[str, Key]]:
    try:
        published = json.loads(text)["keys"]
        candidates = [each for each in published if isinstance(each, dict)]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise KeysUnavailableError("the answer is no key set: check JWT_JWKS_URL") from None
    for candidate in candidates:
        kid = candidate.get("kid")
        if isinstance(kid, str) and candidate.get("use", "sig") == "sig":
            try:
                # The algorithm of the settings, not the key's own: a key of another kind does not load.
                yield kid, PyJWK(candidate, algorithm).key
            except PyJWTError:
                continue
