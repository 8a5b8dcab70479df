"""What kinds of channels there are. A channel's kind is what its name begins with, up to the first ":"."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connection_store import Channel

from .errors import UnknownChannelError


class Namespace(BaseModel):
    """What channels of one kind offer; who may use it is in `policy`. The defaults suit a chat.

    Raises pydantic's ValidationError for what does not fit together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    history_size: Annotated[int, Field(ge=0, le=1_000)] = 500
    """The most publications that are kept; 0: none, nothing is recovered, and delivery is at most once."""

    history_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """How long each is kept."""

    presence: bool = True
    """Whether one can ask who is there."""

    join_leave: bool = True
    """Whether up to a hundred subscribers are told who comes and goes."""

    positioning: bool = True
    """Whether a ping with positions is told what is behind."""

    shards: Literal[1, 4, 16] = 4
    """Partitions the subscribers are spread over: 16 where hundreds come a second. It can only grow."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.join_leave and not self.presence:
            raise ValueError("join_leave needs presence")
        if self.positioning and not self.history_size:
            raise ValueError("positioning needs a history")
        return self

    def channel(self, name: str) -> Channel:
        """Return a channel of this kind, as the store knows it."""
        watched = self.presence or self.positioning
        return Channel(name, self.shards, self.history_size, self.history_seconds, watched)


NAMESPACES: Mapping[str, Namespace] = {
    "room": Namespace(),
    "members": Namespace(),
    "news": Namespace(presence=False, join_leave=False, shards=16),
    "live": Namespace(history_size=0, presence=False, join_leave=False, positioning=False, shards=16),
    "user": Namespace(presence=False, join_leave=False, shards=1),
}
"""Edit this: a channel `room:1` is of the kind `room`, and there are no others than those listed here."""


def namespace_of(channel: str) -> str:
    """Return the name of a channel's kind."""
    return channel.partition(":")[0]


def find_namespace(channel: str, namespaces: Mapping[str, Namespace] = NAMESPACES) -> Namespace:
    """Return the kind of a channel. Raises UnknownChannelError."""
    namespace = namespaces.get(namespace_of(channel))
    if namespace is None:
        raise UnknownChannelError(details={"channel": channel})
    return namespace
