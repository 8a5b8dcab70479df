"""The caller behind a connection, passed from the authorizer's context to every handler.

API Gateway passes on strings, and nothing nested (W45, W87). So other values travel as JSON in a string.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from signalbox.resolver import Caller, Context, UnauthorizedError


@dataclass(frozen=True, slots=True)
class Principal(Caller):
    """A caller as the authorizer identified them. `claims` are those that the settings pass on.

    `tenant` is "" for a caller without one. `session_ends` is the end of the handshake's credentials in epoch
    milliseconds, None if they have no end. `issued_at` is their `iat` in epoch milliseconds, None without it.
    A `guest` has an id made by the server, and nothing else.
    """

    roles: frozenset[str] = frozenset()
    tenant: str = ""
    session_ends: int | None = None
    guest: bool = False
    issued_at: int | None = None

    def to_context(self) -> dict[str, str]:
        """Return the authorizer's context for this caller, without `principalId`."""
        optional = {
            "roles": json.dumps(sorted(self.roles)) if self.roles else "",
            "claims": json.dumps(self.claims) if self.claims else "",
            "tenant": self.tenant,
            "expires_at": "" if self.session_ends is None else str(self.session_ends // 1000),
            "issued_at": "" if self.issued_at is None else str(self.issued_at // 1000),
            "guest": "true" if self.guest else "",
        }
        return {name: text for name, text in optional.items() if text}

    @classmethod
    def from_context(cls, authorizer: Mapping[str, Any]) -> Self:
        """Read an authorizer's context. Raises UnauthorizedError without a `principalId`."""
        user_id, ends = authorizer.get("principalId"), authorizer.get("expires_at")
        claims, roles = authorizer.get("claims"), authorizer.get("roles")
        issued = authorizer.get("issued_at")
        if not isinstance(user_id, str) or not user_id:
            raise UnauthorizedError
        return cls(
            user_id,
            json.loads(claims) if claims else {},
            roles=frozenset(json.loads(roles)) if roles else frozenset(),
            tenant=authorizer.get("tenant", ""),
            session_ends=int(ends) * 1000 if ends else None,
            issued_at=int(issued) * 1000 if issued else None,
            guest=authorizer.get("guest") == "true",
        )


def current_principal(context: Context) -> Principal:
    """Return the caller as `identify` set it. Raises UnauthorizedError if there is none."""
    caller = context.caller
    assert isinstance(caller, Principal)  # noqa: S101 - `identify` is in front of every handler
    return caller
