"""The application that tests of the framework run: every kind of channel, and no message of its own."""

from signalbox import EVERYONE, OWNERS, USERS, Application, Namespace, Router
from signalbox.application import BUILT_IN

NAMESPACES = {
    "room": Namespace(allow_subscribe=EVERYONE, allow_publish=EVERYONE),
    "members": Namespace(allow_subscribe=USERS, allow_publish=USERS),
    "news": Namespace(allow_subscribe=EVERYONE, presence=False, shards=16),
    "live": Namespace(
        allow_subscribe=EVERYONE, allow_publish=EVERYONE, history_size=0, presence=False, shards=16
    ),
    "user": Namespace(allow_subscribe=OWNERS, presence=False, shards=1),
}

app = Application(namespaces=NAMESPACES)

BUILT_IN_MESSAGES = Router()
for family in BUILT_IN:
    BUILT_IN_MESSAGES.include_router(family.router)

ROUTES = {key: BUILT_IN_MESSAGES.routes[key][0].allow for key in BUILT_IN_MESSAGES.message_keys}
"""Every built-in message, and the roles that may send it."""
