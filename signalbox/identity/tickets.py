"""Takes tickets in, each once (S03)."""

import re
from collections.abc import Callable
from typing import Protocol

from .claims import Claims, read_instant
from .errors import DeniedError, Reason
from .terms import LONGEST_LIFE

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")

Spend = Callable[[str, str, int, int], bool]
"""From a ticket's id, a connection id, when the ticket ends and now to whether that connection has it."""


class Verifier(Protocol):
    """Whatever knows the signature of a ticket, its audience and its time."""

    def verify(self, text: str, now: int) -> Claims:
        """Return the claims. Raises DeniedError, KeysUnavailableError."""


class Tickets:
    """Knows a ticket that is good, spent or not."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def read(self, text: str, now: int) -> Claims:
        """The claims of a ticket, wherever it comes from. Raises DeniedError, KeysUnavailableError."""
        claims = self._verifier.verify(text, now)
        if read_instant(claims["exp"]) > now + LONGEST_LIFE * 1000:
            raise DeniedError(Reason.LIVES_TOO_LONG)
        if not (isinstance(id_ := claims.get("jti", ""), str) and _ID.fullmatch(id_)):
            raise DeniedError(Reason.WRONG_CLAIM)
        if (ends := self.ends(claims)) is not None and ends <= now:
            raise DeniedError(Reason.EXPIRED)
        return claims

    def ends(self, claims: Claims) -> int | None:
        """When the session does that the ticket opens, in epoch milliseconds; None for no end of its own."""
        ends = claims.get("session_ends")
        return None if ends is None else read_instant(ends)


class TicketOffice(Tickets):
    """Lets in with a ticket, and uses it up."""

    def __init__(self, verifier: Verifier, spend: Spend) -> None:
        super().__init__(verifier)
        self._spend = spend

    def verify(self, text: str, origin: str | None, now: int) -> Claims:
        """The claims of a ticket for this origin, spent or not. Raises DeniedError, KeysUnavailableError."""
        claims = self.read(text, now)
        bound_to = None if claims.get("native") is True else claims.get("origin", "")
        if origin != bound_to:
            raise DeniedError(Reason.OTHER_ORIGIN)
        return claims

    def spend(self, claims: Claims, connection_id: str, now: int) -> None:
        """Use a ticket up, for this connection. Raises DeniedError when it has been, StoreError."""
        if not self._spend(claims["jti"], connection_id, read_instant(claims["exp"]), now):
            raise DeniedError(Reason.SPENT)
