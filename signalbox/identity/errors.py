"""Why somebody does not get in.

Exception
├── DeniedError            the client's fault: 401 or 403, by its reason
├── KeysUnavailableError   ours: the handshake is answered 500, and may be tried again
└── RefusalError           what API Gateway gets to see of either
"""

from enum import StrEnum


class Reason(StrEnum):
    """What the log says of a denial; the client learns the status and nothing else."""

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
    """The handshake is refused for a `reason`; nothing of the credentials is in here."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    @property
    def status(self) -> int:
        """401 where other credentials would help, 403 where they come from the wrong place (W54)."""
        return 403 if self.reason in _FORBIDDEN else 401


class KeysUnavailableError(Exception):
    """There is no key to verify with: whoever keeps it does not answer, or answers nonsense."""


class RefusalError(Exception):
    """Ends the invocation. API Gateway reads the text: "Unauthorized" is answered 401, all else 500 (W54)."""
