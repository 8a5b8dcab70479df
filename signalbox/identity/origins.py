"""The allowed origins: the pages that may connect (S02).

A browser lets any page open a WebSocket to any server, and names the page in `Origin`. That header is the
only defence against foreign pages (cross-site WebSocket hijacking). So an origin is compared as a whole,
without wildcards, suffixes or `null`.
"""

import re
from collections.abc import Iterable

from .errors import DeniedError, Reason

ANY_ORIGIN = "*"
"""Allows every origin, and requests without one. For the local run only."""

ORIGIN_PATTERN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
"""An origin as browsers send it, such as `https://app.example.com:8443`: lower case, no final slash."""


class AllowedOrigins:
    """The origins that may connect."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def check(self, origin: str | None, *, native: bool) -> None:
        """Raise DeniedError for an origin that is not in the list.

        A ticket marked `native` needs no origin.
        """
        if ANY_ORIGIN in self._allowed or origin in self._allowed or (origin is None and native):
            return
        raise DeniedError(Reason.ORIGIN_MISSING if origin is None else Reason.ORIGIN_NOT_ALLOWED)
