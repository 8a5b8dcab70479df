"""Values for applications: publications and gaps of a channel, and events of the client."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from .errors import ClientError, PositionError

StateName = Literal["connecting", "connected", "waiting", "closed"]
Reason = Literal["unrecovered", "lost", "overflow"]

CHANNEL = re.compile(r"[A-Za-z0-9_:.-]{1,128}")
"""A valid channel name."""

_POSITION = re.compile(r"(?P<epoch>[^\ud800-\udfff]{1,64}):(?P<offset>[0-9]{1,16})")


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a channel. As text (``epoch:offset``) you can store it and pass it on."""

    epoch: str
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the position in a text. Raises PositionError."""
        if not (found := _POSITION.fullmatch(text)):
            raise PositionError(f"{text!r} is not a position: use one like 5f0c1d9b7a3e:41")
        return cls(found["epoch"], int(found["offset"]))

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}"

    def fields(self) -> dict[str, Any]:
        """Return the position as it is in a frame."""
        return {"epoch": self.epoch, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a publication. Only ``user_id`` is an identity: users choose their names freely."""

    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication. It has no position where the channel has no history.

    ``sent_at`` is in epoch milliseconds.
    """

    channel: str
    position: Position | None
    sender: Sender
    data: Any
    sent_at: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Publications are missing here. The channel goes on after ``position``.

    ``unrecovered``: the server could not recover the publications of a disconnection. ``lost``: the history
    no longer has them. ``overflow``: the application did not keep up. Events can overflow as well, and their
    ``channel`` is None.
    """

    channel: str | None
    reason: Reason
    position: Position | None = None


Item = Publication | Gap
"""The items of a subscription."""


@dataclass(frozen=True, slots=True)
class State:
    """The state of the client. ``waiting`` has the seconds until the next attempt and the last error.

    ``closed`` is the end. It has an error unless the application closed the client.
    """

    name: StateName
    seconds: float | None = None
    error: ClientError | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """A frame that answers no request: a message, a report, a join or leave, or an error."""

    type: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnknownFrame:
    """A frame of a type that this client does not know."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewerFrame:
    """A frame of another version of the protocol."""

    version: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MalformedFrame:
    """Data from the server that is not a frame of the protocol."""

    text: str


@dataclass(frozen=True, slots=True)
class GatewayFrame:
    """A frame that API Gateway sent itself, because it could not deliver a request. It does not name one."""

    message: str


Event = State | Push | UnknownFrame | NewerFrame | MalformedFrame | GatewayFrame | Gap
"""The events of a client."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a channel's history, and the channel's position. With ``more`` there is another page."""

    publications: tuple[Publication, ...]
    position: Position | None
    more: bool


@dataclass(frozen=True, slots=True)
class Published:
    """The acknowledgement of a publication. Without ``position`` it was sent, but not stored."""

    position: Position | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PresenceUser:
    """A user on a channel, with the display name of each connection."""

    user_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Presence:
    """Users on a channel, perhaps not all of them, and their total number."""

    users: tuple[PresenceUser, ...]
    count: int
