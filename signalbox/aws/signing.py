"""Signature Version 4 for `@connections` (service `execute-api`, W13).

AWS, "Create a signed AWS API request". Many posts of one frame differ only in the
connection id. So the key is derived once a day, and the headers once a second.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from urllib.parse import quote

from .credentials import Keys

_SERVICE = "execute-api"


@dataclass(frozen=True, slots=True, repr=False)
class _Second:
    at: int
    keys: Keys
    signing_key: bytes
    canonical_headers: str
    to_sign: str
    headers: str


class Signer:
    """Signs requests for `base` + one label on `host`.

    `host` is what the Host header says. `base` is an absolute path in wire form, without empty or dot
    segments, ending in a slash.
    """

    def __init__(self, region: str, host: str, base: str) -> None:
        self._region = region
        self._host = host
        self._canonical_base = quote(base, safe="/~")
        self._second: _Second | None = None
        self._key: tuple[str, str, bytes] = ("", "", b"")

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
        scope = f"{stamp[:8]}/{self._region}/{_SERVICE}/aws4_request"
        headers = {"host": self._host, "x-amz-date": stamp}
        if keys.session_token:
            headers["x-amz-security-token"] = keys.session_token
        names = ";".join(headers)
        canonical_headers = "".join(f"{name}:{value}\n" for name, value in headers.items())
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        credential = f"Credential={keys.access_key}/{scope}, SignedHeaders={names}"
        return _Second(
            at,
            keys,
            self._signing_key(keys.secret_key, stamp[:8]),
            f"\n\n{canonical_headers}\n{names}\n",
            f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n",
            f"{lines}authorization: AWS4-HMAC-SHA256 {credential}, Signature=",
        )

    def _signing_key(self, secret_key: str, day: str) -> bytes:
        if self._key[:2] != (secret_key, day):
            key = f"AWS4{secret_key}".encode()
            for part in (day, self._region, _SERVICE, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (secret_key, day, key)
        return self._key[2]
