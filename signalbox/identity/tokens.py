"""Verifies JWTs. PyJWT does the cryptography, and this module checks the claims.

The time is that of the event, because the clocks of sandboxes differ (F32).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import jwt
from jwt import exceptions

from .claims import Claims, read_instant
from .errors import DeniedError, Reason
from .keys import KeyCache

# The first match wins, so subclasses stand before their base classes.
_REASONS: Mapping[type[exceptions.InvalidTokenError], Reason] = {
    exceptions.InvalidAlgorithmError: Reason.WRONG_ALGORITHM,
    exceptions.InvalidSignatureError: Reason.WRONG_SIGNATURE,
    exceptions.InvalidIssuerError: Reason.WRONG_ISSUER,
    exceptions.InvalidAudienceError: Reason.WRONG_AUDIENCE,
    exceptions.InvalidSubjectError: Reason.WRONG_CLAIM,
    exceptions.InvalidJTIError: Reason.WRONG_CLAIM,
    exceptions.MissingRequiredClaimError: Reason.MISSING_CLAIM,
    exceptions.InvalidTokenError: Reason.MALFORMED_CREDENTIALS,
}


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """Verifies tokens with these keys, by one algorithm, for one audience.

    `leeway` is the allowed clock skew between issuer and API Gateway, in seconds.
    """

    key_cache: KeyCache
    algorithm: str
    audience: str
    issuer: str | None = None
    leeway: int = 0

    def verify(self, text: str, now: int) -> Claims:
        """Return the claims of a token that is valid at `now` (epoch milliseconds).

        Raises DeniedError, KeysUnavailableError.
        """
        try:
            claims = self._decode(text, now)
        except exceptions.InvalidTokenError as error:
            reason = next(reason for kind, reason in _REASONS.items() if isinstance(error, kind))
            raise DeniedError(reason) from None  # PyJWT's text quotes the token
        if self.ends(claims) <= now:
            raise DeniedError(Reason.EXPIRED)
        if read_instant(claims.get("nbf", 0)) > now + self.leeway * 1000:
            raise DeniedError(Reason.NOT_YET_VALID)
        return claims

    def ends(self, claims: Claims) -> int:
        """Return the end of the token, leeway included, in epoch milliseconds. Raises DeniedError."""
        return read_instant(claims["exp"]) + self.leeway * 1000

    def _decode(self, text: str, now: int) -> Claims:
        header = jwt.get_unverified_header(text)
        if header.get("alg") != self.algorithm:  # before any key is fetched for it
            raise DeniedError(Reason.WRONG_ALGORITHM)
        claims: Claims = jwt.decode(
            text,
            self.key_cache.find(header.get("kid"), now),
            algorithms=[self.algorithm],
            audience=self.audience,
            issuer=self.issuer,
            options={
                "require": ["exp", "sub"],
                "enforce_minimum_key_length": True,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        return claims
