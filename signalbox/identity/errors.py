"""Errors of the authorizer.

Exception
├── DeniedError            the credentials are refused: 401 or 403, depending on the reason
├── KeysUnavailableError   the keys cannot be read: 500, and the client may try again
└── RefusalError           raised to API Gateway for each of them
"""

from enum import StrEnum


class Reason(StrEnum):
    """The reason of a denial, for the log. The client learns the status only."""

    NO_CREDENTIALS = "no_credentials"
    CONFLICTING_CREDENTIALS = "conflicting_credentials"
    MALFORMED_CREDENTIALS = "malformed_credentials"
    NOT_ACCEPTED = "not_accepted"
    TOO_LARGE = "too_large"
    WRONG_ALGORITHM = "wrong_algorithm"
    UNKNOWN_KEY = "unknown_key"
    WRONG_SIGNATURE = "wrong_signature"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    MISSING_CLAIM = "missing_claim"
    WRONG_CLAIM = "wrong_claim"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    LIVES_TOO_LONG = "lives_too_long"
    SPENT = "spent"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    ORIGIN_MISSING = "origin_missing"
    OTHER_ORIGIN = "other_origin"
    OTHER_SUBJECT = "other_subject"
    LOGGED_OUT = "logged_out"


_FORBIDDEN = {Reason.ORIGIN_NOT_ALLOWED, Reason.ORIGIN_MISSING, Reason.OTHER_ORIGIN}


class DeniedError(Exception):
    """The handshake is refused for a `reason`. The error holds nothing of the credentials."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    @property
    def status(self) -> int:
        """401 if other credentials would help, 403 for a wrong origin (W54)."""
        return 403 if self.reason in _FORBIDDEN else 401


class KeysUnavailableError(Exception):
    """There is no key to verify with. Its provider did not answer, or not with keys."""


class RefusalError(Exception):
    """Fails the invocation. API Gateway answers 401 for the text "Unauthorized", else 500 (W54)."""
