"""Which pages may connect (S02).

A browser lets any page open a WebSocket anywhere, and says in `Origin` which page it was. That is the only
defence against other people's pages, so it is compared as a whole, character by character: no wildcards, no
suffixes, no `null`.
"""

import re
from collections.abc import Iterable

from .errors import DeniedError, Reason

ANY = "*"
"""Every origin, and none: for the local run alone."""

WRITTEN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
"""An origin as browsers write it: scheme, host and perhaps port, in lower case, and no slash at its end."""


class Origins:
    """The origins that are let in."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def check(self, origin: str | None, *, native: bool) -> None:
        """Refuse an origin not in the list; none is enough for a ticket marked `native`.

        Raises DeniedError.
        """
        if ANY in self._allowed or origin in self._allowed or (origin is None and native):
            return
        raise DeniedError(Reason.ORIGIN_MISSING if origin is None else Reason.ORIGIN_NOT_ALLOWED)
