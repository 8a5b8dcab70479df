"""The keys credentials are verified with: fetched when needed, kept, and fetched again when they rotate."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from signalbox.observability import logger

from .errors import DeniedError, KeysUnavailableError, Reason

FRESH = 300_000
"""Milliseconds after which keys are fetched again."""

PAUSE = 10_000
"""Milliseconds between two attempts to fetch them, however many unknown key ids strangers send."""

KEPT = 3_600_000
"""Milliseconds keys are still good for while nobody gives out new ones."""

Key = Any
"""Whatever PyJWT verifies with."""

Fetch = Callable[[], Mapping[str | None, Key]]
"""Keys by their id (`kid`), or one under None that is good for every id. Raises KeysUnavailableError."""


class Keyring:
    """The keys that `fetch` gives. Instants are epoch milliseconds."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._keys: Mapping[str | None, Key] = {}
        self._fetched_at = self._tried_at = -math.inf

    def find(self, kid: str | None, now: int) -> Key:
        """The key of that id; an id that is not there may be a new one, and is looked for.

        Raises DeniedError for an unknown id, KeysUnavailableError.
        """
        if now - self._fetched_at >= FRESH or self._get(kid) is None:
            self._refresh(now)
        if now - self._fetched_at >= KEPT:
            raise KeysUnavailableError("no keys")
        if (key := self._get(kid)) is None:
            raise DeniedError(Reason.UNKNOWN_KEY)
        return key

    def _get(self, kid: str | None) -> Key | None:
        return self._keys.get(kid, self._keys.get(None))

    def _refresh(self, now: int) -> None:
        if now - self._tried_at < PAUSE:
            return
        self._tried_at = now
        try:
            self._keys = self._fetch()
            self._fetched_at = now
        except KeysUnavailableError as error:
            logger.warning("keys not fetched", extra={"error": str(error)})
