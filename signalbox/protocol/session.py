"""A session: how long it lasts, and what makes it last longer."""

from typing import Literal

from pydantic import Field, SecretStr

from .frames import Frame, Request


class Refresh(Request):
    """Shows a new ticket of the same user, so that the connection may stay."""

    action: Literal["auth.refresh"]
    ticket: SecretStr = Field(min_length=1, max_length=8_192)


class Refreshed(Frame):
    """The answer to `auth.refresh`: when the session ends now, in epoch seconds."""

    type: Literal["auth.refreshed"] = "auth.refreshed"
    expires_at: int


class Expiring(Frame):
    """The session ends `within` so many seconds: a ticket is wanted. It comes each minute until then."""

    type: Literal["session.expiring"] = "session.expiring"
    within: int
