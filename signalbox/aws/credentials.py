"""AWS credentials: from the environment, else from boto3's default chain (container endpoint, profiles…)."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .errors import CredentialsError

MAX_AGE = 300.0
"""Seconds for which keys are used before they are loaded again.

The chain renews keys at the latest 10 minutes before they expire (botocore), so these never do in use.
"""

_PAUSE_AFTER_FAILURE = 1.0


@dataclass(frozen=True, slots=True)
class Keys:
    """One set of AWS keys. Its repr shows no secret."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


KeySource = Callable[[], Keys]
"""Loads keys that stay valid for at least `MAX_AGE`. It may block."""


def default_chain() -> KeySource:
    """Find credentials as boto3 does: it imports boto3 and may ask the network. Raises CredentialsError."""
    import boto3

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
    """The keys to sign with, renewed before they expire. `clock` is in epoch seconds."""

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
        self._failed_until = 0.0
        self._lock = threading.Lock()

    def current(self) -> Keys | None:
        """Return the keys at hand, or None when they must be loaded."""
        return self._keys if self._clock() < self._good_until else None

    async def load(self) -> Keys:
        """Return valid keys, and load them if necessary. Raises CredentialsError."""
        if keys := self.current() or self._from_environment():
            return keys
        return await asyncio.to_thread(self._from_chain)

    def _from_environment(self) -> Keys | None:
        access_key = self._environ.get("AWS_ACCESS_KEY_ID")
        secret_key = self._environ.get("AWS_SECRET_ACCESS_KEY")
        if not access_key or not secret_key:
            return None
        return self._keep(Keys(access_key, secret_key, self._environ.get("AWS_SESSION_TOKEN") or None))

    def _from_chain(self) -> Keys:
        with self._lock:  # the first caller loads keys, and the others use its result, failures included
            if keys := self.current():
                return keys
            if self._clock() < self._failed_until:
                raise CredentialsError("no AWS credentials a moment ago")
            try:
                self._source = self._source or self._chain()
                return self._keep(self._source())
            except Exception as error:
                # The chain may run plug-ins, whose error texts may quote secrets.
                self._failed_until = self._clock() + _PAUSE_AFTER_FAILURE
                raise CredentialsError(f"no AWS credentials: {type(error).__name__}") from error

    def _keep(self, keys: Keys) -> Keys:
        self._keys = keys
        self._good_until = self._clock() + MAX_AGE
        return keys
