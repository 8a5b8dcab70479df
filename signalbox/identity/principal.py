"""Who is behind a connection: from verified claims, through the authorizer's context, to every handler.

API Gateway passes texts on, and nothing nested (W45, W87). So what is not a text travels as JSON in one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from signalbox.resolver import Caller, Context, UnauthorizedError


@dataclass(frozen=True, slots=True)
class Principal(Caller):
    """A caller, as the authorizer knows them; `claims` are those the settings let through.

    `tenant` is "" for who belongs to none. `session_ends` is when the credentials do that were shown at the
    handshake, in epoch milliseconds, None when they do not; `issued_at` is when they were made, if they say
    so. A `guest` has an id that the server made up, and nothing else.
    """

    roles: frozenset[str] = frozenset()
    tenant: str = ""
    session_ends: int | None = None
    guest: bool = False
    issued_at: int | None = None

    def to_context(self) -> dict[str, str]:
        """What the authorizer says about them, apart from `principalId`."""
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
        """Read what an authorizer said. Raises UnauthorizedError when it named nobody."""
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
    """The caller as `identify` set it. Raises UnauthorizedError where nobody was identified."""
    caller = context.caller
    assert isinstance(caller, Principal)  # noqa: S101 - `identify` is in front of every handler
    return caller
