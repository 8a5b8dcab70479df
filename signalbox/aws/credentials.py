"""AWS credentials: from the environment or the container, else from boto3's default chain (profiles, SSO)."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import Callable, Mapping

from .container import fetch_container_keys, has_container_keys
from .errors import CredentialsError
from .keys import Keys
from .loop import PerLoop

MAX_AGE = 300.0
"""Seconds for which keys are used before they are loaded again, and before they expire.

boto3's chain renews keys at the latest 10 minutes before they expire, so these never do in use.
"""

PAUSE_AFTER_FAILURE = 1.0
"""Seconds until keys are looked for again, where there are none."""

RENEWAL_PAUSE = 10.0
"""Seconds between two attempts to replace keys that are still good, or that a service has refused."""

RENEWAL_TIME = 0.5
"""Seconds that such an attempt may take: the call waits that can be signed with the old keys."""


KeySource = Callable[[], Keys]
"""Loads keys that stay valid for at least `MAX_AGE`. It may block."""


def default_chain() -> KeySource:
    """Find credentials as boto3 does: it imports boto3 and may ask the network. Raises CredentialsError."""
    try:
        import boto3
    except ModuleNotFoundError:
        raise CredentialsError(
            "no AWS credentials in the environment; profiles need boto3: pip install 'signalbox[boto3]'"
        ) from None
    found = boto3.Session().get_credentials()
    if found is None:
        raise CredentialsError(
            "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile or role"
        )

    def keys() -> Keys:
        frozen = found.get_frozen_credentials()
        if not frozen.access_key or not frozen.secret_key:
            raise CredentialsError("incomplete AWS credentials: the access key or the secret key is missing")
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)

    return keys


class Credentials:
    """The keys to sign with, renewed before they expire. `clock` is in epoch seconds.

    The environment comes first (`AWS_ACCESS_KEY_ID`), then the container's endpoint
    (`AWS_CONTAINER_CREDENTIALS_FULL_URI`), then `chain`. While new keys cannot be had, the old are used until
    they expire.
    """

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        chain: Callable[[], KeySource] = default_chain,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._environ = environ
        self._chain = chain
        self._clock = clock
        self._source: KeySource | None = None
        self._keys: Keys | None = None
        self._good_until = 0.0
        self._expires = 0.0
        self._failed_until = 0.0
        self._forgotten_at = -math.inf
        self._container_lock = PerLoop(asyncio.Lock)
        self._chain_lock = threading.Lock()

    def current(self) -> Keys | None:
        """Return the keys at hand, or None when they must be loaded."""
        return self._keys if self._clock() < self._good_until else None

    async def load(self) -> Keys:
        """Return valid keys, and load them if necessary. Raises CredentialsError."""
        if keys := self.current() or self._from_environment():
            return keys
        if not has_container_keys(self._environ):
            return await asyncio.to_thread(self._from_chain)
        async with self._container_lock.get():  # the first caller loads keys, and the others use its result
            return self._at_hand() or await self._from_container()

    def forget(self, keys: Keys) -> None:
        """Load other keys next, because a service did not accept these. It is done once in ten seconds."""
        now = self._clock()
        if self._keys is keys and not 0 <= now - self._forgotten_at < RENEWAL_PAUSE:
            self._good_until, self._forgotten_at, self._source = 0.0, now, None

    def _from_environment(self) -> Keys | None:
        access_key = self._environ.get("AWS_ACCESS_KEY_ID")
        secret_key = self._environ.get("AWS_SECRET_ACCESS_KEY")
        if not access_key or not secret_key:
            return None
        return self._keep(Keys(access_key, secret_key, self._environ.get("AWS_SESSION_TOKEN") or None))

    async def _from_container(self) -> Keys:
        still_good = self._keys is not None and self._clock() < self._expires
        try:
            async with asyncio.timeout(RENEWAL_TIME if still_good else None):
                return self._keep(*await fetch_container_keys(self._environ))
        except CredentialsError as error:
            return self._old_keys(error)
        except TimeoutError:
            return self._old_keys(CredentialsError("the container's credentials: no answer in time"))

    def _from_chain(self) -> Keys:
        with self._chain_lock:
            if keys := self._at_hand():
                return keys
            try:
                self._source = self._source or self._chain()
                return self._keep(self._source())
            except CredentialsError as error:
                return self._old_keys(error)
            except Exception as error:  # noqa: BLE001 - it may run plug-ins, whose texts may quote secrets
                return self._old_keys(CredentialsError(f"no AWS credentials: {type(error).__name__}"))

    def _at_hand(self) -> Keys | None:
        if keys := self.current():
            return keys
        if self._clock() < self._failed_until:
            raise CredentialsError("no AWS credentials a moment ago")
        return None

    def _keep(self, keys: Keys, expires: float | None = None) -> Keys:
        if not all(text.isascii() and text.isprintable() and " " not in text for text in keys.texts):
            raise CredentialsError("the AWS credentials hold a character that cannot be in a header")
        now = self._clock()
        self._keys = keys
        self._expires = math.inf if expires is None else expires
        self._good_until = now + MAX_AGE if expires is None else max(now + 1, expires - MAX_AGE)
        return keys

    def _old_keys(self, error: CredentialsError) -> Keys:
        now = self._clock()
        if self._keys is None or now >= self._expires:
            self._failed_until = now + PAUSE_AFTER_FAILURE
            raise error
        self._good_until = min(self._expires, now + RENEWAL_PAUSE)
        return self._keys
