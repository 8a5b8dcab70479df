"""Signature Version 4, verified on `@connections` calls (W13).

Source: "Create a signed AWS API request", AWS Identity and Access Management User Guide.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from ..config import Credentials
from .server import Headers, Request

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +"
    r"Credential=(?P<key_id>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/execute-api/aws4_request, *"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_MUST_BE_SIGNED = frozenset({"host", "x-amz-date"})
_TOLERANCE = 300.0


@dataclass(frozen=True, slots=True)
class SignatureVerifier:
    """Verifies requests that are signed with `credentials` for `region`, within five minutes of `now`.

    `now` is the clock in epoch milliseconds.
    """

    credentials: Credentials
    region: str
    now: Callable[[], int]

    def complaint(self, request: Request) -> str | None:
        """Return the problem of a request's signature, or None if the signature is valid."""
        if "authorization" not in request.headers:
            return "Missing Authentication Token"
        claim = _AUTHORIZATION.fullmatch(request.headers["authorization"])
        if claim is None or claim["region"] != self.region:
            return f"Authorization is not AWS4-HMAC-SHA256 for execute-api in {self.region}"
        if claim["key_id"] != self.credentials.key_id:
            return "The access key is not known"
        names = claim["headers"].split(";")
        if not (set(names) >= _MUST_BE_SIGNED and all(name in request.headers for name in names)):
            return "The signed headers lack one"
        signed_at = request.headers["x-amz-date"]
        if not (signed_at.startswith(claim["date"]) and self._is_fresh(signed_at)):
            return "The signature has expired or is not yet valid"
        expected = self._sign(request, names, signed_at)
        return None if hmac.compare_digest(expected, claim["signature"]) else "The signature does not match"

    def _is_fresh(self, signed_at: str) -> bool:
        try:
            instant = datetime.strptime(signed_at, _DATE_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return False
        return abs(self.now() / 1000 - instant.timestamp()) <= _TOLERANCE

    def _sign(self, request: Request, names: list[str], signed_at: str) -> str:
        scope = (signed_at[:8], self.region, "execute-api", "aws4_request")
        digest = hashlib.sha256(_canonical(request, names).encode()).hexdigest()
        key = f"AWS4{self.credentials.secret}".encode()
        for part in scope:
            key = _hmac(key, part)
        return _hmac(key, "\n".join(("AWS4-HMAC-SHA256", signed_at, "/".join(scope), digest))).hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _canonical(request: Request, names: list[str]) -> str:
    path, _, query = request.target.partition("?")
    # The path is encoded twice, as for every service except S3.
    lines = [request.method, quote(path, safe="/~"), _canonical_query(query)]
    lines += [f"{name}:{_trimmed(request.headers, name)}" for name in names]
    return "\n".join([*lines, "", ";".join(names), hashlib.sha256(request.body).hexdigest()])


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(sorted(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs))


def _trimmed(headers: Headers, name: str) -> str:
    return " ".join(headers[name].split())
