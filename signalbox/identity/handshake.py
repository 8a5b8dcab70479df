"""What a client brings to the handshake: where it comes from, and at most one credential."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from signalbox.resolver import ConnectEvent

from .errors import DeniedError, Reason

LONGEST = 8_192
"""The most characters a token or ticket may have: as much as API Gateway takes in a header line or URL."""

OFFERED = "bearer."
"""How a subprotocol begins that carries a token, because a browser can set no other header."""

COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
"""How a JWT looks (RFC 7515, section 7.1), the empty signature of an unsigned one included."""

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
    """The Origin header as it was sent, None without one. Raises DeniedError when there are several."""
    origins = list_values(event, "Origin")
    if len(origins) > 1:
        raise DeniedError(Reason.ORIGIN_NOT_ALLOWED)
    return origins[0] if origins else None


def read_credential(event: ConnectEvent) -> Credential | None:
    """The one credential in query, subprotocols and Authorization header; None without any.

    The same one may come in two places. Two different ones, or one place filled twice, are a conflict: there
    is no precedence to exploit. Cookies are not looked at (S03). Raises DeniedError.
    """
    found = set(_find(event))
    if len(found) > 1:
        raise DeniedError(Reason.CONFLICTING_CREDENTIALS)
    credential = found.pop() if found else None
    if credential and len(credential.text) > LONGEST:
        raise DeniedError(Reason.TOO_LARGE)
    if credential and not COMPACT.fullmatch(credential.text):
        raise DeniedError(Reason.MALFORMED_CREDENTIALS)
    return credential


def list_values(event: ConnectEvent, name: str) -> list[str]:
    """Every value of a header, in the order of arrival."""
    # By hand: names that differ only in case are one header, and none of its values may hide another.
    fields: Mapping[str, list[str]] = event.raw.get("multiValueHeaders") or {
        field: [value] for field, value in event.headers.items()
    }
    return [value for field, values in fields.items() if field.lower() == name.lower() for value in values]


def _find(event: ConnectEvent) -> Iterator[Credential]:
    offered = [each.removeprefix(OFFERED) for each in event.subprotocols if each.startswith(OFFERED)]
    for text in _only(offered):
        yield Token(text)
    for text in _only(_parameters(event, "token")):
        yield Token(text)
    for text in _only(_parameters(event, "ticket")):
        yield Ticket(text)
    for line in _only(list_values(event, "Authorization")):
        match = _BEARER.fullmatch(line)
        if match is None:  # whoever tries to say who they are is not taken for a guest
            raise DeniedError(Reason.MALFORMED_CREDENTIALS)
        yield Token(match[1])


def _only(values: Sequence[str]) -> Sequence[str]:
    if len(values) > 1:
        raise DeniedError(Reason.CONFLICTING_CREDENTIALS)
    return values


def _parameters(event: ConnectEvent, name: str) -> list[str]:
    return event.multi_query.get(name) or ([event.query[name]] if name in event.query else [])
