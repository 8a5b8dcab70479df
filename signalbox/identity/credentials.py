"""Reads the Origin and the credential, a token or a ticket, from a handshake."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from signalbox.resolver import ConnectEvent

from .errors import DeniedError, Reason

MAX_CREDENTIAL_LENGTH = 8_192
"""Characters. API Gateway accepts no longer header line or URL."""

BEARER_PREFIX = "bearer."
"""Prefix of a subprotocol that carries a token. Browsers can set no other header."""

COMPACT_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
"""A JWT in compact serialization (RFC 7515 section 7.1). An unsigned one has an empty signature."""

_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """A JWT of the identity provider."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A single-use ticket of a backend."""

    text: str = field(repr=False)


Credential = Token | Ticket


def read_origin(event: ConnectEvent) -> str | None:
    """Return the Origin header, None without one. Raises DeniedError for several."""
    origins = list_values(event, "Origin")
    if len(origins) > 1:
        raise DeniedError(Reason.ORIGIN_NOT_ALLOWED)
    return origins[0] if origins else None


def read_credential(event: ConnectEvent) -> Credential | None:
    """Return the credential in query string, subprotocols or Authorization header, None without any.

    The same credential may be in two places. Two different ones are a conflict, and so are two values in one
    place, because a precedence could be exploited. Cookies are ignored (S03). Raises DeniedError.
    """
    found = set(_find(event))
    if len(found) > 1:
        raise DeniedError(Reason.CONFLICTING_CREDENTIALS)
    credential = found.pop() if found else None
    if credential and len(credential.text) > MAX_CREDENTIAL_LENGTH:
        raise DeniedError(Reason.TOO_LARGE)
    if credential and not COMPACT_JWT.fullmatch(credential.text):
        raise DeniedError(Reason.MALFORMED_CREDENTIALS)
    return credential


def list_values(event: ConnectEvent, name: str) -> list[str]:
    """Return every value of a header, in the order of arrival."""
    # Header names are case-insensitive, and no value may hide another one.
    fields: Mapping[str, list[str]] = event.raw.get("multiValueHeaders") or {
        field: [value] for field, value in event.headers.items()
    }
    return [value for field, values in fields.items() if field.lower() == name.lower() for value in values]


def _find(event: ConnectEvent) -> Iterator[Credential]:
    offered = [
        each.removeprefix(BEARER_PREFIX) for each in event.subprotocols if each.startswith(BEARER_PREFIX)
    ]
    for text in _only(offered):
        yield Token(text)
    for text in _only(_parameters(event, "token")):
        yield Token(text)
    for text in _only(_parameters(event, "ticket")):
        yield Ticket(text)
    for line in _only(list_values(event, "Authorization")):
        match = _BEARER.fullmatch(line)
        if match is None:  # a caller with a broken credential is not a guest
            raise DeniedError(Reason.MALFORMED_CREDENTIALS)
        yield Token(match[1])


def _only(values: Sequence[str]) -> Sequence[str]:
    if len(values) > 1:
        raise DeniedError(Reason.CONFLICTING_CREDENTIALS)
    return values


def _parameters(event: ConnectEvent, name: str) -> list[str]:
    return event.multi_query.get(name) or ([event.query[name]] if name in event.query else [])
