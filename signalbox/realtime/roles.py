"""Roles: names for groups of callers, and the sets of them that rules are written with."""

Roles = frozenset[str]

GUEST, USER = "guest", "user"
"""An anonymous caller, and one with an identity. Every caller is one of the two."""

OWNER = "owner"
"""On a channel named after a user (`personal_channel`): that user."""

DEMO = "demo"
"""Every caller while the setting DEMO is on, as in the local run."""

RESERVED = Roles({GUEST, USER, OWNER, DEMO})
"""Roles that the framework gives. A token that names them gives nothing."""

ADMIN = "admin"
"""The role of a token that may broadcast and list everybody, unless the application says otherwise."""

NOBODY, EVERYONE = Roles(), Roles({GUEST, USER})
USERS, OWNERS = Roles({USER}), Roles({OWNER})
