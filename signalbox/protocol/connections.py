"""Frames about the connection itself: identity, heartbeat and disconnect."""

from typing import Literal

from pydantic import Field

from .channels import ChannelName, StreamPosition
from .frames import Frame, Request, is_absent


class Hello(Request):
    """Asks for the identity of this connection, and for its heartbeat interval."""

    action: Literal["hello"]


class Welcome(Frame):
    """The answer to `hello`; `connected_at` in epoch milliseconds, `expires_at` in epoch seconds.

    `beat` is the heartbeat interval: the maximum of seconds between two requests of a client.
    """

    type: Literal["welcome"] = "welcome"
    user_id: str
    name: str
    guest: bool
    connected_at: int
    expires_at: int
    beat: int


class Ping(Request):
    """The heartbeat. With `positions` it asks which channels have newer publications."""

    action: Literal["ping"]
    positions: dict[ChannelName, StreamPosition] | None = Field(None, max_length=100)


class Pong(Frame):
    """The answer to `ping`; `time` is the server's, in epoch milliseconds.

    `behind` answers `positions`. It holds the current position of each channel with newer publications.
    """

    type: Literal["pong"] = "pong"
    time: int
    behind: dict[str, StreamPosition] | None = Field(None, exclude_if=is_absent)


class WhoAmI(Request):
    """Asks for the identity of this connection."""

    action: Literal["whoami"]


class Identity(Frame):
    """The answer to `whoami`; `connected_at` in epoch milliseconds, `expires_at` in epoch seconds."""

    type: Literal["whoami"] = "whoami"
    user_id: str
    name: str
    guest: bool
    connected_at: int
    expires_at: int


DisconnectCode = Literal["slow", "ended", "expired", "logged_out", "rate_limited"]
"""The reason why the server closes a connection."""


class Disconnect(Frame):
    """The last frame before the server closes. `reconnect` tells the client whether to reconnect."""

    type: Literal["disconnect"] = "disconnect"
    code: DisconnectCode
    reconnect: bool
