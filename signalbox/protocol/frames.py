"""What every frame has, whichever way it goes, and what many of them carry."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

USER_ID_LENGTH = 128
"""The most characters a user id may have."""

NAME_LENGTH = 64
"""The most characters a display name may have."""

MessageId = Annotated[str, Field(max_length=64)] | int
"""What correlates a reply with its request; the client chooses it."""


def is_absent(value: object) -> bool:
    """Tell whether a field is left out of its frame, rather than null."""
    return value is None


class Request(BaseModel):
    """What every message from a client may carry."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    action: str
    id: MessageId | None = None


class Frame(BaseModel):
    """What every frame from the server carries, the error frame excepted."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    type: str


class Sender(BaseModel):
    """Who a message is from. Only `user_id` is an identity; anybody may choose any name."""

    user_id: str
    name: str


class Problem(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    problem: str


class ErrorFrame(BaseModel):
    """A refusal. It has no `v`: its shape is the same in every version.

    `retry` says whether the same request may succeed later. `fields` comes with `invalid_message` only,
    `channel` where one of several may be meant, and `retry_after`, in seconds, with `rate_limited`.
    """

    type: Literal["error"] = "error"
    code: str
    retry: bool
    request_id: str
    id: MessageId | None = None
    fields: list[Problem] | None = Field(None, exclude_if=is_absent)
    channel: str | None = Field(None, exclude_if=is_absent)
    retry_after: float | None = Field(None, exclude_if=is_absent)
