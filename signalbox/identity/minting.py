"""Mints single-use tickets, for backends that have sessions of their own (S03).

A ticket is a short-lived JWT (HS256) with the audience "ticket", for one user at one origin. Any JWT library
can make one. This module does it in Python.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import jwt

from .ticket_format import MAX_TICKET_LIFETIME, TICKET_ALGORITHM, TICKET_AUDIENCE


def mint_ticket(
    secret: str | bytes,
    user_id: str,
    *,
    now: int,
    origin: str | None = None,
    ttl: int = 30,
    session_ends: int | None = None,
    roles: Iterable[str] = (),
    tenant: str | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """Return a ticket for one connection of `user_id`, from a page of `origin`.

    Without an `origin` the ticket is for a native app. It must be used within `ttl` seconds, at most 60.
    `now` and `session_ends`, the end of the connection, are epoch milliseconds. Raises ValueError for a `ttl`
    out of range.
    """
    if not 0 < ttl <= MAX_TICKET_LIFETIME:
        raise ValueError(f"mint_ticket: ttl is {ttl}, and must be from 1 to {MAX_TICKET_LIFETIME} seconds")
    optional = {"tenant": tenant, "session_ends": None if session_ends is None else session_ends // 1000}
    payload = {
        **(claims or {}),
        **{name: value for name, value in optional.items() if value is not None},
        **({"native": True} if origin is None else {"origin": origin}),
        "aud": TICKET_AUDIENCE,
        "sub": user_id,
        "jti": secrets.token_urlsafe(16),
        "iat": now // 1000,
        "exp": now // 1000 + ttl,
        "roles": list(roles),
    }
    return jwt.encode(payload, secret, TICKET_ALGORITHM)
