"""Frames: how they are parsed, encoded and checked before they are sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import TooLargeError, UnsendableError

FRAME_LIMIT = 32_768
"""The maximum size of a frame in bytes (W77)."""

_DEPTH = 16
_MEMBERS = 1_024


@dataclass(frozen=True, slots=True)
class Frame:
    """The text of a frame. ``fields`` holds its members if it is a JSON object."""

    text: str
    fields: Mapping[str, Any] | None

    @property
    def request_id(self) -> object:
        """The ``id`` of the request this frame answers, otherwise None."""
        return None if self.fields is None else self.fields.get("id")


def read_frame(data: str | bytes) -> Frame:
    """Return the frame in ``data``. Never fails, whatever the server sent."""
    text = data if isinstance(data, str) else data.decode("utf-8", "backslashreplace")
    return Frame(text, parse_object(text))


def parse_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object in ``text``, or None. NaN and endless nesting are not JSON either."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def compact(value: object) -> str:
    """Return ``value`` as compact JSON. Raises TypeError and ValueError if it cannot be JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode(request: Mapping[str, Any]) -> str:
    """Return the text of a request. Raises UnsendableError where docs/protocol.md says ``bad_request``."""
    _check_shape(request, _DEPTH)
    try:
        text = compact(request)
        check_size(text)
    except (TypeError, ValueError) as error:
        raise UnsendableError(f"not sent: {error}") from error
    return text


def check_size(text: str) -> None:
    """Raise TooLargeError when API Gateway would close the connection for this frame."""
    size = len(text.encode())
    if size > FRAME_LIMIT:
        raise TooLargeError(f"not sent: {size:,} bytes on the wire, and the limit is {FRAME_LIMIT:,}")


def _check_shape(value: object, levels: int) -> None:
    if not isinstance(value, Mapping | list | tuple):
        return
    if not levels:
        raise UnsendableError(f"not sent: nested deeper than {_DEPTH} levels")
    if len(value) > _MEMBERS:
        raise UnsendableError(f"not sent: more than {_MEMBERS:,} members in one array or object")
    for member in value.values() if isinstance(value, Mapping) else value:
        _check_shape(member, levels - 1)


def _refuse(constant: str) -> None:
    raise ValueError(constant)
