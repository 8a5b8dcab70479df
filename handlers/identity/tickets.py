"""Takes tickets in, each once (S03)."""

import re
from collections.abc import Callable

from .errors import DeniedError, Reason
from .minting import LONGEST_LIFE
from .tokens import Claims, Verifier, read_instant

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")

Spend = Callable[[str, str, int, int], bool]
"""From a ticket's id, a connection id, when the ticket ends and now to whether that connection has it."""


class TicketOffice:
    """Knows a ticket that is good, and uses it up."""

    def __init__(self, verifier: Verifier, spend: Spend) -> None:
        self._verifier = verifier
        self._spend = spend

    def verify(self, text: str, origin: str | None, now: int) -> Claims:
        """The claims of a ticket for this origin, spent or not. Raises DeniedError, KeysUnavailableError."""
        claims = self._verifier.verify(text, now)
        if read_instant(claims["exp"]) > now + LONGEST_LIFE * 1000:
            raise DeniedError(Reason.LIVES_TOO_LONG)
        if not _ID.fullmatch(claims.get("jti", "")):
            raise DeniedError(Reason.WRONG_CLAIM)
        bound_to = None if claims.get("native") is True else claims.get("origin", "")
        if origin != bound_to:
            raise DeniedError(Reason.OTHER_ORIGIN)
        return claims

    def ends(self, claims: Claims) -> int | None:
        """When the session does that the ticket opens, in epoch milliseconds; None for no end of its own."""
        ends = claims.get("session_ends")
        return None if ends is None else read_instant(ends)

    def spend(self, claims: Claims, connection_id: str, now: int) -> None:
        """Use a ticket up, for this connection. Raises DeniedError when it has been, StoreError."""
        if not self._spend(claims["jti"], connection_id, read_instant(claims["exp"]), now):
            raise DeniedError(Reason.SPENT)
