"""Single-use tickets: their verification and their redemption (S03)."""

import re
from collections.abc import Callable
from typing import Protocol

from .claims import Claims, read_instant
from .errors import DeniedError, Reason
from .ticket_format import MAX_TICKET_LIFETIME

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")

Spend = Callable[[str, str, int, int], bool]
"""Marks a ticket as spent: (ticket id, connection id, end of the ticket, now) in epoch milliseconds.

Returns whether the ticket belongs to this connection now.
"""


class ClaimsVerifier(Protocol):
    """Verifies the signature, audience and validity period of a ticket."""

    def verify(self, text: str, now: int) -> Claims:
        """Return the claims. Raises DeniedError, KeysUnavailableError."""


class Tickets:
    """Verifies tickets, spent ones included."""

    def __init__(self, verifier: ClaimsVerifier) -> None:
        self._verifier = verifier

    def read(self, text: str, now: int) -> Claims:
        """Return the claims of a ticket for any origin. Raises DeniedError, KeysUnavailableError."""
        claims = self._verifier.verify(text, now)
        if read_instant(claims["exp"]) > now + MAX_TICKET_LIFETIME * 1000:
            raise DeniedError(Reason.LIVES_TOO_LONG)
        if not (isinstance(id_ := claims.get("jti", ""), str) and _ID.fullmatch(id_)):
            raise DeniedError(Reason.WRONG_CLAIM)
        if (ends := self.ends(claims)) is not None and ends <= now:
            raise DeniedError(Reason.EXPIRED)
        return claims

    def ends(self, claims: Claims) -> int | None:
        """Return the end of the ticket's session in epoch milliseconds, None without a `session_ends`."""
        ends = claims.get("session_ends")
        return None if ends is None else read_instant(ends)


class TicketRedeemer(Tickets):
    """Accepts each ticket once, for one connection."""

    def __init__(self, verifier: ClaimsVerifier, spend: Spend) -> None:
        super().__init__(verifier)
        self._spend = spend

    def verify(self, text: str, origin: str | None, now: int) -> Claims:
        """Return the claims of a ticket for this origin, spent or not.

        Raises DeniedError, KeysUnavailableError.
        """
        claims = self.read(text, now)
        bound_to = None if claims.get("native") is True else claims.get("origin", "")
        if origin != bound_to:
            raise DeniedError(Reason.OTHER_ORIGIN)
        return claims

    def redeem(self, claims: Claims, connection_id: str, now: int) -> None:
        """Spend a ticket for this connection. Raises DeniedError for a spent ticket, and StoreError."""
        if not self._spend(claims["jti"], connection_id, read_instant(claims["exp"]), now):
            raise DeniedError(Reason.SPENT)
