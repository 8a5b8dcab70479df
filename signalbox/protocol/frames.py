"""The base classes of frames, and their common parts."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

USER_ID_LENGTH = 128
"""The most characters a user id may have."""

NAME_LENGTH = 64
"""The most characters a display name may have."""

MessageId = Annotated[str, Field(max_length=64)] | int
"""A correlation id of a request and its reply, chosen by the client."""


def is_absent(value: object) -> bool:
    """Tell whether a field is left out of its frame, instead of null."""
    return value is None


class Part(BaseModel):
    """A part of a frame. Its validator is built on first use: a sandbox needs few of them to start with."""

    model_config = ConfigDict(defer_build=True)


class Request(Part):
    """The fields of every message from a client."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    action: str
    id: MessageId | None = None


class Frame(Part):
    """The fields of every frame from the server, except the error frame."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    type: str


class Sender(Part):
    """The sender of a message. Only `user_id` is an identity, because users choose their names."""

    user_id: str
    name: str


class Problem(Part):
    """A problem of one field of a request."""

    field: str
    problem: str


class ErrorFrame(Part):
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
