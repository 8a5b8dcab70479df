"""Verifies tickets with the standard library: their signature is an HMAC (RFC 7515 appendix A.1).

The WebSocket function needs tickets for `auth.refresh` only, so it does not load PyJWT, which would slow its
cold start. The authorizer's `TokenVerifier` gives the same answers, which a test compares.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any

from .claims import Claims, read_instant
from .credentials import COMPACT_JWT
from .errors import DeniedError, Reason
from .keys import KeyCache
from .ticket_format import TICKET_ALGORITHM, TICKET_AUDIENCE

HEADER_FIELDS = {"alg", "typ", "kid"}
"""Allowed fields of a header. Others, such as `crit`, could change the meaning of the signature."""


class TicketVerifier:
    """Verifies tickets that are signed with one of these keys."""

    def __init__(self, key_cache: KeyCache) -> None:
        self._key_cache = key_cache

    def verify(self, text: str, now: int) -> Claims:
        """Return the claims of a ticket that is valid at `now` (epoch milliseconds).

        Raises DeniedError, KeysUnavailableError.
        """
        _require(COMPACT_JWT.fullmatch(text), Reason.MALFORMED_CREDENTIALS)
        signed, _, signature = text.rpartition(".")
        header, payload = map(_decode, signed.split("."))
        _require(header.get("alg") == TICKET_ALGORITHM, Reason.WRONG_ALGORITHM)
        _require(header.keys() <= HEADER_FIELDS, Reason.MALFORMED_CREDENTIALS)
        expected = hmac.digest(self._key(header, now), signed.encode(), "sha256")
        # Compared as text: several texts decode to the same bytes, because base64 pads its last character.
        good = hmac.compare_digest(urlsafe_b64encode(expected).rstrip(b"="), signature.encode())
        _require(good, Reason.WRONG_SIGNATURE)
        _check(payload, now)
        return payload

    def _key(self, header: Claims, now: int) -> bytes:
        kid = header.get("kid")
        _require(kid is None or isinstance(kid, str), Reason.MALFORMED_CREDENTIALS)
        return str(self._key_cache.find(kid, now)).encode()


def _check(claims: Claims, now: int) -> None:
    _require({"aud", "exp", "sub"} <= claims.keys(), Reason.MISSING_CLAIM)
    _require(isinstance(claims["sub"], str), Reason.WRONG_CLAIM)
    audience = claims["aud"]
    _require(audience == TICKET_AUDIENCE or audience == [TICKET_AUDIENCE], Reason.WRONG_AUDIENCE)
    _require(read_instant(claims["exp"]) > now, Reason.EXPIRED)
    _require(read_instant(claims.get("nbf", 0)) <= now, Reason.NOT_YET_VALID)


def _decode(part: str) -> dict[str, Any]:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (Error, ValueError, RecursionError):
        raise DeniedError(Reason.MALFORMED_CREDENTIALS) from None
    _require(isinstance(value, dict), Reason.MALFORMED_CREDENTIALS)
    decoded: dict[str, Any] = value
    return decoded


def _require(condition: object, reason: Reason) -> None:
    if not condition:
        raise DeniedError(reason)
