"""A connection and the server: who it is, whether it lives, and why it ends."""

from typing import Literal

from pydantic import Field

from .channels import ChannelName, StreamPosition
from .frames import Frame, Request, is_absent


class Hello(Request):
    """Asks who the server takes this connection for, and how often it wants to hear of it."""

    action: Literal["hello"]


class Welcome(Frame):
    """The answer to `hello`; `connected_at` in epoch milliseconds, `expires_at` in epoch seconds.

    `beat` is the most seconds a client lets pass without a request, the same as in later frames that have it.
    """

    type: Literal["welcome"] = "welcome"
    user_id: str
    name: str
    guest: bool
    connected_at: int
    expires_at: int
    beat: int


class Ping(Request):
    """Asks for a sign of life, and keeps an idle connection open; with `positions`, asks what is behind."""

    action: Literal["ping"]
    positions: dict[ChannelName, StreamPosition] | None = Field(None, max_length=100)


class Pong(Frame):
    """The answer to `ping`; `time` is the server's, in epoch milliseconds.

    `behind` is there when positions were sent: where those channels are whose positions were not the last.
    """

    type: Literal["pong"] = "pong"
    time: int
    behind: dict[str, StreamPosition] | None = Field(None, exclude_if=is_absent)


class WhoAmI(Request):
    """Asks who the server takes this connection for."""

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
"""DisconnectCode the server closes a connection."""


class Disconnect(Frame):
    """The last frame before the server closes: `code` says why, `reconnect` whether to connect again."""

    type: Literal["disconnect"] = "disconnect"
    code: DisconnectCode
    reconnect: bool
