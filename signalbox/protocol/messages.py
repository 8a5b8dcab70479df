"""Frames about connected users, broadcasts and direct messages."""

from typing import Literal

from pydantic import Field, JsonValue

from .frames import USER_ID_LENGTH, Frame, Part, Request, Sender


class Who(Request):
    """Asks for the connected users, with pagination."""

    action: Literal["who"]
    limit: int = Field(100, ge=1, le=200, strict=True)
    cursor: str | None = Field(None, max_length=256)


class Broadcast(Request):
    """Sends `data` to every connected user, the sender included."""

    action: Literal["broadcast"]
    data: JsonValue


class DirectSend(Request):
    """Sends `data` to every connection of one user."""

    action: Literal["direct.send"]
    to: str = Field(min_length=1, max_length=USER_ID_LENGTH)
    data: JsonValue


class Person(Part):
    """A connected user. `connected_at` is in epoch milliseconds."""

    user_id: str
    name: str
    connected_at: int


class People(Frame):
    """The answer to `who`: a page of connections; ask again with `cursor` until it is null."""

    type: Literal["who"] = "who"
    people: list[Person]
    cursor: str | None


class Delivery(Frame):
    """The counts of a delivery. `complete` is false if the deadline passed before every try."""

    message_id: str
    recipients: int
    sent: int
    gone: int
    slow: int
    failed: int
    complete: bool


class BroadcastReport(Delivery):
    """The result of a queued broadcast, for its sender.

    `duration_ms` is from the request to the last post; `cost_usd` an estimate from AWS's prices.
    """

    type: Literal["broadcast.report"] = "broadcast.report"
    duration_ms: int
    posts_per_second: float
    cost_usd: float


class BroadcastSent(Delivery):
    """The answer to `broadcast`.

    `queued` means that workers serve the remaining recipients. The counts are those of the others, and a
    `broadcast.report` with all of them follows.
    """

    type: Literal["broadcast.sent"] = "broadcast.sent"
    queued: bool = False
    duration_ms: int
    posts_per_second: float
    cost_usd: float


class DirectSent(Delivery):
    """The answer to `direct.send`."""

    type: Literal["direct.sent"] = "direct.sent"


class Message(Frame):
    """A message from somebody; `sent_at` in epoch milliseconds, `message_id` the same in every copy."""

    type: Literal["message"] = "message"
    message_id: str
    audience: Literal["everyone", "you"]
    sender: Sender
    data: JsonValue
    sent_at: int
