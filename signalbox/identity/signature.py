"""Verifies tickets without PyJWT: their signature is an HMAC (RFC 7515 appendix A.1) of the standard library.

The WebSocket function takes tickets for `auth.refresh` and nothing else, and is not to start more slowly for
it. The authorizer's `tokens.Verifier` gives the same answers: a test holds them against each other.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any

from .claims import Claims, read_instant
from .errors import DeniedError, Reason
from .handshake import COMPACT
from .keys import Keyring
from .terms import ALGORITHM, AUDIENCE

HEADER = {"alg", "typ", "kid"}
"""What a header may say: nothing that would change what the signature means."""


class TicketVerifier:
    """Knows a ticket that is signed with one of these keys."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def verify(self, text: str, now: int) -> Claims:
        """The claims of a ticket that is valid at `now` (epoch milliseconds).

        Raises DeniedError, KeysUnavailableError.
        """
        _require(COMPACT.fullmatch(text), Reason.MALFORMED_CREDENTIALS)
        signed, _, signature = text.rpartition(".")
        header, payload = map(_decode, signed.split("."))
        _require(header.get("alg") == ALGORITHM, Reason.WRONG_ALGORITHM)
        _require(header.keys() <= HEADER, Reason.MALFORMED_CREDENTIALS)
        expected = hmac.digest(self._key(header, now), signed.encode(), "sha256")
        # As text, of which there is one: some bits of its last character mean nothing.
        good = hmac.compare_digest(urlsafe_b64encode(expected).rstrip(b"="), signature.encode())
        _require(good, Reason.WRONG_SIGNATURE)
        _check(payload, now)
        return payload

    def _key(self, header: Claims, now: int) -> bytes:
        kid = header.get("kid")
        _require(kid is None or isinstance(kid, str), Reason.MALFORMED_CREDENTIALS)
        return str(self._keyring.find(kid, now)).encode()


def _check(claims: Claims, now: int) -> None:
    _require({"aud", "exp", "sub"} <= claims.keys(), Reason.MISSING_CLAIM)
    _require(isinstance(claims["sub"], str), Reason.WRONG_CLAIM)
    audience = claims["aud"]
    _require(audience == AUDIENCE or audience == [AUDIENCE], Reason.WRONG_AUDIENCE)
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
