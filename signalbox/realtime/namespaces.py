"""Kinds of channels. A channel's namespace is the part of its name before the first ":"."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from re import fullmatch
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connection_store import Channel

from .errors import UnknownChannelError
from .roles import NOBODY, Roles


class Namespace(BaseModel):
    """The features of one kind of channels, and the roles that may use them. The defaults suit a chat.

    Raises pydantic's ValidationError for options that contradict each other.

    >>> news = Namespace(allow_subscribe=frozenset({"guest", "user"}), presence=False)
    >>> sorted(news.allow_history), sorted(news.allow_publish)
    (['guest', 'user'], [])
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow_subscribe: Roles
    """Roles that may subscribe. With NOBODY only the server adds subscribers (`add_to_group`)."""

    allow_publish: Roles = NOBODY
    """Roles that may publish. The server may publish on every channel."""

    allow_history: Roles = NOBODY
    """Roles that may read the history, and recover what they missed. Default: those of `allow_subscribe`."""

    allow_presence: Roles = NOBODY
    """Roles that may list the subscribers. Default: those of `allow_subscribe`, if there is presence."""

    publish_from_outside: bool = False
    """Whether a client may publish on a channel it is not subscribed to."""

    history_size: Annotated[int, Field(ge=0, le=1_000)] = 500
    """The most publications that are kept. With 0 nothing is recovered, and delivery is at most once."""

    history_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """How long each publication is kept, in seconds."""

    presence: bool = True
    """Whether clients can list the subscribers."""

    join_leave: bool = True
    """Whether subscribers are told about joins and leaves, in rooms of up to a hundred.

    Default: as `presence`.
    """

    positioning: bool = True
    """Whether a ping with positions is told which channels have newer publications.

    Default: whether there is a history.
    """

    shards: Literal[1, 4, 16] = 4
    """Partitions the subscribers are spread over: 16 where hundreds join in a second. It can only grow."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        subscribers, presence = given.get("allow_subscribe", NOBODY), given.get("presence", True)
        defaults = {
            "allow_history": subscribers,
            "allow_presence": subscribers if presence else NOBODY,
            "join_leave": presence,
            "positioning": given.get("history_size", 500) != 0,
        }
        return {**defaults, **given}

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.join_leave and not self.presence:
            raise ValueError("join_leave needs presence")
        if self.positioning and not self.history_size:
            raise ValueError("positioning needs a history")
        if self.allow_presence and not self.presence:
            raise ValueError("allow_presence needs presence")
        if self.join_leave and self.allow_subscribe - self.allow_presence:
            raise ValueError("subscribers who are told about joins must be in allow_presence")
        return self

    def channel(self, name: str) -> Channel:
        """Return a channel of this kind, as the store knows it."""
        watched = self.presence or self.positioning
        return Channel(name, self.shards, self.history_size, self.history_seconds, watched)


Namespaces = Mapping[str, Namespace]
"""An application's kinds of channels by name. A channel `room:1` is of the kind `room`."""


def namespace_of(channel: str) -> str:
    """Return the name of a channel's namespace."""
    return channel.partition(":")[0]


def find_namespace(channel: str, namespaces: Namespaces) -> Namespace:
    """Return a channel's namespace. Raises UnknownChannelError."""
    namespace = namespaces.get(namespace_of(channel))
    if namespace is None:
        raise UnknownChannelError(details={"channel": channel})
    return namespace


def personal_channel(user_id: str, namespace: str = "user") -> str:
    """Return the name of a user's own channel, which only that user is an OWNER of.

    It is `user:` and the id. An id that no channel name can hold is replaced by its SHA-256, so that no two
    users share a channel.

    >>> personal_channel("ann")
    'user:ann'
    """
    if fullmatch(r"[A-Za-z0-9_.-]{1,64}", user_id):
        return f"{namespace}:{user_id}"
    return f"{namespace}::{urlsafe_b64encode(sha256(user_id.encode()).digest()).decode().rstrip('=')}"
