"""The claims of a verified token: their names, their formats, and the caller they describe."""

import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from signalbox.resolver import ConnectEvent

from .errors import DeniedError, Reason
from .principal import Principal

MAX_USER_ID_LENGTH = 128
"""Characters, as in `protocol.USER_ID_LENGTH`."""

GUEST_PREFIX = "guest-"
"""Prefix of guests' ids. A token for a user id with this prefix is refused."""

Claims = dict[str, Any]

_SECRET = re.compile(r"[A-Za-z0-9_-]{22,64}")
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """The names of the claims for roles and tenant. `passed` are the claims that handlers see."""

    roles: str = "roles"
    tenant: str = "tenant"
    passed: frozenset[str] = frozenset()

    def read(self, claims: Mapping[str, Any], session_ends: int | None) -> Principal:
        """Return the caller these claims describe. Raises DeniedError for a malformed claim."""
        tenant = claims.get(self.tenant, "")
        _require(tenant == "" or (isinstance(tenant, str) and _TENANT.fullmatch(tenant)))
        return Principal(
            _user_id(claims["sub"]),
            {name: value for name, value in claims.items() if name in self.passed},
            roles=_roles(claims.get(self.roles, [])),
            tenant=tenant,
            session_ends=session_ends,
            issued_at=read_instant(claims["iat"]) if "iat" in claims else None,
        )


def new_guest(event: ConnectEvent) -> Principal:
    """Return a guest: a new one, or the same one as before for the same secret.

    The secret is `client` in the query string: 22 to 64 characters of base64url, chosen by the client. The id
    is a hash of it, so it does not reveal the secret. A secret of another form is ignored.
    """
    secret = event.query.get("client", "")
    if not _SECRET.fullmatch(secret):
        secret = secrets.token_urlsafe(16)
    id_ = urlsafe_b64encode(sha256(secret.encode()).digest()[:9]).decode()
    return Principal(f"{GUEST_PREFIX}{id_}", guest=True)


def read_instant(claim: object) -> int:
    """Convert a NumericDate (RFC 7519 section 2, epoch seconds) to epoch milliseconds.

    Raises DeniedError.
    """
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim < 1e11:
        raise DeniedError(Reason.WRONG_CLAIM)
    return int(claim * 1000)


def is_guest(user_id: str) -> bool:
    """Tell whether an id is a guest's."""
    return user_id.startswith(GUEST_PREFIX)


def _user_id(subject: object) -> str:
    _require(isinstance(subject, str) and 1 <= len(subject) <= MAX_USER_ID_LENGTH and subject.isprintable())
    _require(not is_guest(str(subject)))
    return str(subject)


def _roles(claim: object) -> frozenset[str]:
    """Read a list of strings, or one space-separated string such as an OAuth scope."""
    roles = claim.split() if isinstance(claim, str) else claim
    if not (isinstance(roles, list) and all(isinstance(role, str) for role in roles)):
        raise DeniedError(Reason.WRONG_CLAIM)
    return frozenset(roles)


def _require(condition: object) -> None:
    if not condition:
        raise DeniedError(Reason.WRONG_CLAIM)
