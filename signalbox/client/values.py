"""What an application is given: publications and gaps of a channel, and what happens to the client."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from .errors import ClientError, PositionError

StateName = Literal["connecting", "connected", "waiting", "closed"]
Reason = Literal["unrecovered", "lost", "overflow"]

CHANNEL = re.compile(r"[A-Za-z0-9_:.-]{1,128}")
"""What a channel may be called."""

_POSITION = re.compile(r"(?P<epoch>[^\ud800-\udfff]{1,64}):(?P<offset>[0-9]{1,16})")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a channel; as text, ``epoch:offset``, it can be saved and handed on."""

    epoch: str
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The position a text stands for. Raises PositionError."""
        if not (found := _POSITION.fullmatch(text)):
            raise PositionError(f"{text!r} is not a position: those look like 5f0c1d9b7a3e:41")
        return cls(found["epoch"], int(found["offset"]))

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}"

    def fields(self) -> dict[str, Any]:
        """As it is in a frame."""
        return {"epoch": self.epoch, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who it is from. Only ``user_id`` is an identity; anybody may choose any name."""

    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Publication:
    """What somebody published; without a position where the channel has no history.

    ``sent_at`` is in epoch milliseconds.
    """

    channel: str
    position: Position | None
    sender: Sender
    data: Any
    sent_at: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Something was missed here, and it goes on after ``position``.

    ``unrecovered``: the server could not say what was published meanwhile. ``lost``: history has it no more.
    ``overflow``: the application did not keep up, which can happen to events too; they are of no channel.
    """

    channel: str | None
    reason: Reason
    position: Position | None = None


Item = Publication | Gap
"""What a subscription yields."""


@dataclass(frozen=True, slots=True)
class State:
    """What the client is now: ``waiting`` for its next attempt, so many seconds, because of an error.

    ``closed`` is the end; it has an error if it was not the application that closed the client.
    """

    name: StateName
    seconds: float | None = None
    error: ClientError | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """A frame that no request asked for: a message, a report, somebody who came or left, an error."""

    type: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnknownFrame:
    """A frame of a type this client does not know."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewerFrame:
    """A frame of another version of the protocol."""

    version: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MalformedFrame:
    """A frame that is none."""

    text: str


@dataclass(frozen=True, slots=True)
class GatewayFrame:
    """A frame of API Gateway's own: it could not deliver a request, and does not say which."""

    message: str


Event = State | Push | UnknownFrame | NewerFrame | MalformedFrame | GatewayFrame | Gap
"""What a client's events are."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a channel's history, and where the channel is now; ask again if there is ``more``."""

    publications: tuple[Publication, ...]
    position: Position | None
    more: bool


@dataclass(frozen=True, slots=True)
class Published:
    """A publication is stored, at ``position``; without one it was sent on, and is not stored."""

    position: Position | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PresenceUser:
    """Who is on a channel; one display name for each of their connections."""

    user_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Presence:
    """Some of those on a channel, and how many there are."""

    users: tuple[PresenceUser, ...]
    count: int
