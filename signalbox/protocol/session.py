"""Frames about a session: its expiry and its extension."""

from typing import Literal

from pydantic import Field, SecretStr

from .frames import Frame, Request


class Refresh(Request):
    """Extends the session with a new ticket of the same user."""

    action: Literal["auth.refresh"]
    ticket: SecretStr = Field(min_length=1, max_length=8_192)


class Refreshed(Frame):
    """The answer to `auth.refresh`: when the session ends now, in epoch seconds."""

    type: Literal["auth.refreshed"] = "auth.refreshed"
    expires_at: int


class Expiring(Frame):
    """The session ends in `within` seconds, unless the client refreshes it. Repeated each minute."""

    type: Literal["session.expiring"] = "session.expiring"
    within: int
