"""Every frame on the wire, as a typed model. `docs/protocol.md` shows each with an example.

Within a version (`v`) fields are only ever added, and unknown fields are ignored on both sides.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

USER_ID_LENGTH = 128
"""The most characters a user id may have."""

NAME_LENGTH = 64
"""The most characters a display name may have."""

MessageId = Annotated[str, Field(max_length=64)] | int
"""What correlates a reply with its request; the client chooses it."""


class Request(BaseModel):
    """What every message from a client may carry."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    action: str
    id: MessageId | None = None


class Ping(Request):
    """Asks for a sign of life, and keeps an idle connection open."""

    action: Literal["ping"]


class WhoAmI(Request):
    """Asks who the server takes this connection for."""

    action: Literal["whoami"]


class Who(Request):
    """Asks who is connected, one page at a time."""

    action: Literal["who"]
    limit: int = Field(100, ge=1, le=200, strict=True)
    cursor: str | None = Field(None, max_length=256)


class Broadcast(Request):
    """Sends `data` to everybody who is connected, the sender included."""

    action: Literal["broadcast"]
    data: JsonValue


class DirectSend(Request):
    """Sends `data` to every connection of one user."""

    action: Literal["direct.send"]
    to: str = Field(min_length=1, max_length=USER_ID_LENGTH)
    data: JsonValue


class Frame(BaseModel):
    """What every frame from the server carries, the error frame excepted."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    type: str


class Pong(Frame):
    """The answer to `ping`; `time` is the server's, in epoch milliseconds."""

    type: Literal["pong"] = "pong"
    time: int


class Identity(Frame):
    """The answer to `whoami`; `connected_at` in epoch milliseconds, `expires_at` in epoch seconds."""

    type: Literal["whoami"] = "whoami"
    user_id: str
    name: str
    guest: bool
    connected_at: int
    expires_at: int


class Person(BaseModel):
    """Somebody who is connected; `connected_at` in epoch milliseconds."""

    user_id: str
    name: str
    connected_at: int


class People(Frame):
    """The answer to `who`: a page of connections; ask again with `cursor` until it is null."""

    type: Literal["who"] = "who"
    people: list[Person]
    cursor: str | None


class Delivery(Frame):
    """What became of a message. `complete` is false when time ran out before everybody was tried."""

    message_id: str
    recipients: int
    sent: int
    gone: int
    slow: int
    failed: int
    complete: bool


class BroadcastSent(Delivery):
    """The answer to `broadcast`."""

    type: Literal["broadcast.sent"] = "broadcast.sent"


class DirectSent(Delivery):
    """The answer to `direct.send`."""

    type: Literal["direct.sent"] = "direct.sent"


class Sender(BaseModel):
    """Who a message is from. Only `user_id` is an identity; anybody may choose any name."""

    user_id: str
    name: str


class Message(Frame):
    """A message from somebody; `sent_at` in epoch milliseconds, `message_id` the same in every copy."""

    type: Literal["message"] = "message"
    message_id: str
    audience: Literal["everyone", "you"]
    sender: Sender
    data: JsonValue
    sent_at: int


class Problem(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    problem: str


class ErrorFrame(BaseModel):
    """A refusal. It has no `v`: its shape is the same in every version.

    `retry` says whether the same request may succeed later; `fields` comes with `invalid_message` only.
    """

    type: Literal["error"] = "error"
    code: str
    retry: bool
    request_id: str
    id: MessageId | None = None
    fields: list[Problem] | None = None
