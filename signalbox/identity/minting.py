"""Single-use tickets: how a backend that has its own sessions lets its users connect (S03).

A ticket is a JWT (HS256) for the audience "ticket": short-lived, for one user at one origin. Any backend can
mint one with any JWT library; in Python this module does it, and needs nothing but PyJWT.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import jwt

from .terms import ALGORITHM, AUDIENCE, LONGEST_LIFE


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
    """A ticket for one connection of `user_id`, from a page of `origin` or, without one, from a native app.

    It has to be used within `ttl` seconds, at most 60. `now` and `session_ends`, which is when the connection
    has to end, are epoch milliseconds. Needs no AWS. Raises ValueError for another `ttl`.
    """
    if not 0 < ttl <= LONGEST_LIFE:
        raise ValueError(f"a ticket lives up to {LONGEST_LIFE} s")
    optional = {"tenant": tenant, "session_ends": None if session_ends is None else session_ends // 1000}
    payload = {
        **(claims or {}),
        **{name: value for name, value in optional.items() if value is not None},
        **({"native": True} if origin is None else {"origin": origin}),
        "aud": AUDIENCE,
        "sub": user_id,
        "jti": secrets.token_urlsafe(16),
        "iat": now // 1000,
        "exp": now // 1000 + ttl,
        "roles": list(roles),
    }
    return jwt.encode(payload, secret, ALGORITHM)
