"""A cache of the keys that verify credentials. It fetches rotated keys by itself."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from signalbox.observability import logger

from .errors import DeniedError, KeysUnavailableError, Reason

REFRESH_AFTER = 300_000
"""Milliseconds until cached keys are fetched again."""

RETRY_INTERVAL = 10_000
"""Milliseconds between two fetches. Unknown key ids in forged tokens cause no more of them."""

EXPIRE_AFTER = 3_600_000
"""Milliseconds that cached keys stay valid while the provider is unavailable."""

Key = Any
"""A key in any form that PyJWT accepts."""

FetchKeys = Callable[[], Mapping[str | None, Key]]
"""Fetches keys by their id (`kid`). A key under None is used for every id.

Raises KeysUnavailableError.
"""


class KeyCache:
    """Caches the keys that `fetch` returns. Instants are epoch milliseconds."""

    def __init__(self, fetch: FetchKeys) -> None:
        self._fetch = fetch
        self._keys: Mapping[str | None, Key] = {}
        self._fetched_at = self._tried_at = -math.inf

    def find(self, kid: str | None, now: int) -> Key:
        """Return the key with that id. For an unknown id, the keys are fetched again first.

        Raises DeniedError for an id that stays unknown, and KeysUnavailableError.
        """
        if now - self._fetched_at >= REFRESH_AFTER or self._get(kid) is None:
            self._refresh(now)
        if now - self._fetched_at >= EXPIRE_AFTER:
            raise KeysUnavailableError("no keys")
        if (key := self._get(kid)) is None:
            raise DeniedError(Reason.UNKNOWN_KEY)
        return key

    def _get(self, kid: str | None) -> Key | None:
        return self._keys.get(kid, self._keys.get(None))

    def _refresh(self, now: int) -> None:
        if now - self._tried_at < RETRY_INTERVAL:
            return
        self._tried_at = now
        try:
            self._keys = self._fetch()
            self._fetched_at = now
        except KeysUnavailableError as error:
            logger.warning("keys not fetched", extra={"error": str(error)})
