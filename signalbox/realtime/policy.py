"""Decides which caller may do what.

A caller has the roles of their token or ticket, or those that the server gave since. The roles of `RESERVED`
come from the framework alone.
"""

from collections.abc import Mapping
from typing import Literal

from signalbox.identity.claims import is_guest
from signalbox.identity.principal import Principal
from signalbox.resolver import ForbiddenError

from .namespaces import Namespace, Namespaces, find_namespace, namespace_of, personal_channel
from .roles import ADMIN, DEMO, EVERYONE, GUEST, NOBODY, OWNER, RESERVED, USER, USERS, Roles

Permission = Literal["subscribe", "history", "presence", "publish"]

RECIPIENTS: Mapping[str, Roles] = {USER: USERS, ADMIN: EVERYONE, DEMO: EVERYONE}
"""The users that a role may write to directly: users alone, or guests too."""


class Policy:
    """The rules of an application at work.

    `recipients` is for direct messages. With `demo` every caller has the role DEMO.
    """

    def __init__(
        self, namespaces: Namespaces, recipients: Mapping[str, Roles] = RECIPIENTS, *, demo: bool = False
    ) -> None:
        self._namespaces = namespaces
        self._recipients = recipients
        self._demo = Roles({DEMO}) if demo else NOBODY

    def admit(self, principal: Principal, allowed: Roles) -> None:
        """Raise ForbiddenError unless the caller has one of the roles `allowed`."""
        if not self._roles(principal) & allowed:
            raise ForbiddenError

    def admit_to(self, principal: Principal, permission: Permission, channel: str) -> Namespace:
        """Return the channel's namespace. Raises ForbiddenError, and UnknownChannelError."""
        namespace = find_namespace(channel, self._namespaces)
        if not self._allows(principal, permission, channel, namespace):
            raise ForbiddenError(details={"channel": channel})
        return namespace

    def keeps(self, principal: Principal, channel: str) -> bool:
        """Tell whether a caller who is subscribed to a channel still may be.

        Where no client may subscribe, the server has added the subscriber (`add_to_group`).
        """
        namespace = self._namespaces.get(namespace_of(channel))
        if namespace is None or not namespace.allow_subscribe:
            return True
        return self._allows(principal, "subscribe", channel, namespace)

    def admit_message(self, principal: Principal, user_id: str) -> None:
        """Raise ForbiddenError unless the caller may write to a user directly."""
        kind = GUEST if is_guest(user_id) else USER
        if not any(kind in self._recipients.get(role, NOBODY) for role in self._roles(principal)):
            raise ForbiddenError

    def _allows(
        self, principal: Principal, permission: Permission, channel: str, namespace: Namespace
    ) -> bool:
        allowed: Roles = getattr(namespace, f"allow_{permission}")
        if self._roles(principal) & allowed:
            return True
        return OWNER in allowed and channel == personal_channel(principal.user_id, namespace_of(channel))

    def _roles(self, principal: Principal) -> Roles:
        return (principal.roles - RESERVED) | {GUEST if principal.guest else USER} | self._demo
