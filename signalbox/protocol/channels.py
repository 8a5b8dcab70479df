"""Frames about channels: subscriptions, publications, history and presence."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from .frames import Frame, Part, Request, Sender

ChannelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_:.-]{1,128}$")]

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_=.:+-]{1,64}$")]
"""An idempotency key: a publication that is sent again with it is stored once."""


class StreamPosition(Part):
    """A position in a channel: its `epoch`, and how many publications there were in it."""

    model_config = ConfigDict(frozen=True)

    epoch: str = Field(min_length=1, max_length=64)
    offset: int = Field(ge=0, le=2**53 - 1, strict=True)


class ChannelRequest(Part):
    """A channel to subscribe to, and the position `since` which to recover publications."""

    model_config = ConfigDict(frozen=True)

    channel: ChannelName
    since: StreamPosition | None = None


class Subscribe(Request):
    """Subscribes to all of `channels` or to none."""

    action: Literal["channel.subscribe"]
    channels: list[ChannelRequest] = Field(min_length=1, max_length=49)


class Unsubscribe(Request):
    """Ends the subscriptions to `channels`, those there are."""

    action: Literal["channel.unsubscribe"]
    channels: list[ChannelName] = Field(min_length=1, max_length=49)


class Publish(Request):
    """Publishes `data` on a channel, once for each `key`."""

    action: Literal["channel.publish"]
    channel: ChannelName
    data: JsonValue
    key: Key | None = None


class GetHistory(Request):
    """Asks for publications after `since` and before `until`, oldest first or, in `reverse`, newest."""

    action: Literal["channel.history"]
    channel: ChannelName
    since: StreamPosition | None = None
    until: StreamPosition | None = None
    limit: int = Field(50, ge=1, le=100, strict=True)
    reverse: bool = Field(False, strict=True)


class GetPresence(Request):
    """Asks for the presence of a channel: at most `limit` users, and the number of all."""

    action: Literal["presence.get"]
    channel: ChannelName
    limit: int = Field(100, ge=1, le=100, strict=True)


class Entry(Part):
    """One of several publications; `sent_at` in epoch milliseconds."""

    position: StreamPosition
    sender: Sender
    data: JsonValue
    sent_at: int


class Publication(Frame):
    """A publication on a channel. It has no position on a channel without history."""

    type: Literal["publication"] = "publication"
    channel: str
    position: StreamPosition | None
    sender: Sender
    data: JsonValue
    sent_at: int


class Subscription(Part):
    """One channel of an answer to `channel.subscribe`; `position` is where it is now.

    `recovered` is null without a `since`. If true, `publications` are all missed ones, in order.
    """

    channel: str
    position: StreamPosition | None
    recovered: bool | None
    publications: list[Entry]


class Subscribed(Frame):
    """The answer to `channel.subscribe`; `beat` as in Welcome."""

    type: Literal["channel.subscribed"] = "channel.subscribed"
    channels: list[Subscription]
    beat: int


class Unsubscribed(Frame):
    """The answer to `channel.unsubscribe`: which subscriptions there were; `beat` as in Welcome."""

    type: Literal["channel.unsubscribed"] = "channel.unsubscribed"
    channels: list[str]
    beat: int


class Published(Frame):
    """The answer to `channel.publish`: it is stored, unless `position` is null.

    `delivery` is `queued` where there are too many subscribers to serve all of them before answering.
    """

    type: Literal["channel.published"] = "channel.published"
    channel: str
    position: StreamPosition | None
    delivery: Literal["inline", "queued"]


class HistoryPage(Frame):
    """The answer to `channel.history`; there is `more` after the last publication, or after its position."""

    type: Literal["channel.history"] = "channel.history"
    channel: str
    position: StreamPosition | None
    publications: list[Entry]
    more: bool


class PresentConnection(Part):
    """One of a user's connections; `connected_at` in epoch milliseconds."""

    name: str
    connected_at: int


class PresentUser(Part):
    """A present user, with one connection or several."""

    user_id: str
    connections: list[PresentConnection]


class Presence(Frame):
    """The answer to `presence.get`."""

    type: Literal["presence"] = "presence"
    channel: str
    users: list[PresentUser]
    count: int


class Joined(Frame):
    """A connection of a user has come to a channel."""

    type: Literal["presence.joined"] = "presence.joined"
    channel: str
    user_id: str
    connection: PresentConnection


class Left(Frame):
    """A connection of a user has left a channel. The frame may come more than once."""

    type: Literal["presence.left"] = "presence.left"
    channel: str
    user_id: str
    connection: PresentConnection
