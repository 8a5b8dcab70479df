"""Signature Version 4 (AWS, "Create a signed AWS API request").

Many requests differ only in the last label of their path and in their body. So the signing key is derived
once a day, and the headers are written once a second.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from .keys import Keys


@dataclass(frozen=True, slots=True, repr=False)
class _Second:
    at: int
    keys: Keys
    signing_key: bytes
    canonical_headers: str
    to_sign: str
    headers: str


class Signer:
    """Signs requests to a service for `base` + one label on `host`.

    `host` is what the Host header says. `base` is an absolute path in wire form, without empty or dot
    segments. `headers` are further headers of every request, with names in lower case.
    """

    def __init__(
        self, region: str, service: str, host: str, base: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._region = region
        self._service = service
        self._headers = {"host": host, **(headers or {})}
        self.base = base
        self._canonical_base = quote(base, safe="/~")
        self._second: _Second | None = None

    def sign(self, method: str, label: str, payload_hash: str, keys: Keys, at: int) -> str:
        """Return the header lines of a signed request, joined with CRLF.

        `label` is percent-encoded, as it goes into the path; the canonical URI encodes it once more (W14).
        `payload_hash` is the hexadecimal SHA-256 of the body, `at` epoch seconds.
        """
        second = self._second
        if second is None or second.at != at or second.keys is not keys:
            second = self._second = self._prepare(keys, at)
        uri = self._canonical_base + label.replace("%", "%25")
        canonical = f"{method}\n{uri}{second.canonical_headers}{payload_hash}"
        to_sign = second.to_sign + hashlib.sha256(canonical.encode()).hexdigest()
        return second.headers + hmac.digest(second.signing_key, to_sign.encode(), "sha256").hex()

    def _prepare(self, keys: Keys, at: int) -> _Second:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        headers = {**self._headers, "x-amz-date": stamp}
        if keys.session_token:
            headers["x-amz-security-token"] = keys.session_token
        names = ";".join(sorted(headers))
        canonical_headers = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        credential = f"Credential={keys.access_key}/{scope}, SignedHeaders={names}"
        return _Second(
            at,
            keys,
            _signing_key(keys.secret_key, stamp[:8], self._region, self._service),
            f"\n\n{canonical_headers}\n{names}\n",
            f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n",
            f"{lines}authorization: AWS4-HMAC-SHA256 {credential}, Signature=",
        )


@lru_cache(maxsize=8)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
