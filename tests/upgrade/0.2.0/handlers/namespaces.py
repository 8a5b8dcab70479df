"""The kinds of channels, and the roles that may use them. A channel `room:1` is of the kind `room`."""

from signalbox import EVERYONE, OWNERS, USERS, Namespace

NAMESPACES = {
    "room": Namespace(allow_subscribe=EVERYONE, allow_publish=EVERYONE),
    "members": Namespace(allow_subscribe=USERS, allow_publish=USERS),
    "news": Namespace(allow_subscribe=EVERYONE, presence=False, shards=16),
    "live": Namespace(
        allow_subscribe=EVERYONE, allow_publish=EVERYONE, history_size=0, presence=False, shards=16
    ),
    "user": Namespace(allow_subscribe=OWNERS, presence=False, shards=1),
}
