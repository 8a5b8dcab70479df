"""Who may do what. Edit the tables below; what is not in them is refused.

A caller has the roles of the token or ticket, or those that the server gave since, and of those that are
named here the ones that fit.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from re import fullmatch
from typing import Literal

from signalbox.identity.claims import is_guest
from signalbox.identity.principal import Principal
from signalbox.resolver import ForbiddenError, RegistrationError

from .errors import UnknownChannelError
from .namespaces import Namespace, namespace_of

Roles = frozenset[str]
Deed = Literal["subscribe", "history", "presence", "publish"]

GUEST, USER = "guest", "user"
"""Nobody knows who it is, or somebody does: every caller is one of the two."""

OWNER = "owner"
"""The one whose channel it is, see `personal_channel`."""

DEMO = "demo"
"""Everybody, where the setting DEMO is on: the local run."""

OURS = Roles({GUEST, USER, OWNER, DEMO})
"""Roles no token gives anybody."""

ADMIN = "admin"
"""A role of yours: call them as your identity provider does."""

NOBODY, EVERYONE = Roles(), Roles({GUEST, USER})
USERS, OWNERS = Roles({USER}), Roles({OWNER})


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what on channels of one kind. The server may publish on any.

    `history` is also what was missed. Only subscribers may publish, unless `from_outside`.
    """

    subscribe: Roles = NOBODY
    history: Roles = NOBODY
    presence: Roles = NOBODY
    publish: Roles = NOBODY
    from_outside: bool = False


CHANNELS: Mapping[str, Access] = {
    "room": Access(subscribe=EVERYONE, history=EVERYONE, presence=EVERYONE, publish=EVERYONE),
    "members": Access(subscribe=USERS, history=USERS, presence=USERS, publish=USERS),
    "news": Access(subscribe=EVERYONE, history=EVERYONE),
    "live": Access(subscribe=EVERYONE, history=EVERYONE, publish=EVERYONE),
    "user": Access(subscribe=OWNERS, history=OWNERS),
}
"""Every namespace, and who may do what on its channels."""

RECIPIENTS: Mapping[str, Roles] = {USER: USERS, ADMIN: EVERYONE, DEMO: EVERYONE}
"""Whom one may write to: by the sender's role, users alone or guests too."""

ROUTES: Mapping[str, Roles] = {
    "hello": EVERYONE,
    "ping": EVERYONE,
    "whoami": EVERYONE,
    "auth.refresh": EVERYONE,
    "who": Roles({ADMIN, DEMO}),
    "broadcast": Roles({ADMIN, DEMO}),
    "direct.send": Roles(RECIPIENTS),
    # Who is let in here is asked again for each channel.
    "channel.subscribe": EVERYONE,
    "channel.unsubscribe": EVERYONE,
    "channel.publish": EVERYONE,
    "channel.history": EVERYONE,
    "presence.get": EVERYONE,
}
"""Every message, and who may send it. `broadcast` reaches everybody who is connected, `who` lists them."""


class Policy:
    """The tables at work. With `demo`, everybody has the role DEMO."""

    def __init__(
        self,
        routes: Mapping[str, Roles] = ROUTES,
        channels: Mapping[str, Access] = CHANNELS,
        recipients: Mapping[str, Roles] = RECIPIENTS,
        *,
        demo: bool = False,
    ) -> None:
        self._routes = routes
        self._channels = channels
        self._recipients = recipients
        self._demo = Roles({DEMO}) if demo else NOBODY

    def check(self, routes: Iterable[str], namespaces: Mapping[str, Namespace]) -> None:
        """Raise RegistrationError for a route or a namespace without a row, or with one it cannot keep."""
        for route in routes:
            _require(route in self._routes, f"the route {route!r} has no row in ROUTES")
        for name, namespace in namespaces.items():
            _require(name in self._channels, f"the namespace {name!r} has no row in CHANNELS")
            access = self._channels[name]
            seen = namespace.presence or not access.presence
            _require(seen, f"the namespace {name!r} has no presence to see")
            told = namespace.join_leave and access.subscribe - access.presence
            _require(not told, f"subscribers of {name!r} are told who comes, and may not see who is there")

    def admit(self, principal: Principal, route: str) -> None:
        """Raise ForbiddenError unless they may send such messages."""
        if not self._roles(principal) & self._routes.get(route, NOBODY):
            raise ForbiddenError

    def admit_to(self, principal: Principal, deed: Deed, channel: str) -> Access:
        """Return a channel's rules. Raises ForbiddenError for who may not, and UnknownChannelError."""
        access = self._channels.get(namespace_of(channel))
        if access is None:
            raise UnknownChannelError(details={"channel": channel})
        if not self._allows(principal, deed, channel, access):
            raise ForbiddenError(details={"channel": channel})
        return access

    def keeps(self, principal: Principal, channel: str) -> bool:
        """Tell whether somebody who is subscribed to a channel still may be.

        Where nobody may subscribe, it was the server that put them there (`add_to_group`).
        """
        access = self._channels.get(namespace_of(channel), Access())
        return not access.subscribe or self._allows(principal, "subscribe", channel, access)

    def admit_message(self, principal: Principal, user_id: str) -> None:
        """Raise ForbiddenError unless they may send messages to a user."""
        kind = GUEST if is_guest(user_id) else USER
        if not any(kind in self._recipients.get(role, NOBODY) for role in self._roles(principal)):
            raise ForbiddenError

    def _allows(self, principal: Principal, deed: Deed, channel: str, access: Access) -> bool:
        allowed: Roles = getattr(access, deed)
        if self._roles(principal) & allowed:
            return True
        return OWNER in allowed and channel == personal_channel(principal.user_id, namespace_of(channel))

    def _roles(self, principal: Principal) -> Roles:
        return (principal.roles - OURS) | {GUEST if principal.guest else USER} | self._demo


def personal_channel(user_id: str, namespace: str = "user") -> str:
    """Return the name of a user's own channel: `user:` and the id or, of an id no name can hold, a digest.

    No two users have the same one: no digest looks like an id.
    """
    if fullmatch(r"[A-Za-z0-9_.-]{1,64}", user_id):
        return f"{namespace}:{user_id}"
    return f"{namespace}::{urlsafe_b64encode(sha256(user_id.encode()).digest()).decode().rstrip('=')}"


def _require(condition: object, complaint: str) -> None:
    if not condition:
        raise RegistrationError(f"signalbox/realtime/policy.py: {complaint}")
