"""Frames: what came over the socket, and what may be sent over it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import TooLargeError, UnsendableError

FRAME_LIMIT = 32_768
"""The largest frame API Gateway takes, in bytes (W77)."""

_DEPTH = 16
_MEMBERS = 1_024


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it came and, when it is a JSON object, its fields."""

    text: str
    fields: Mapping[str, Any] | None

    @property
    def request_id(self) -> object:
        """The ``id`` of the request this frame answers; None for everything else."""
        return None if self.fields is None else self.fields.get("id")


def read_frame(data: str | bytes) -> Frame:
    """The frame in ``data``; never fails, whatever the server sent."""
    text = data if isinstance(data, str) else data.decode("utf-8", "backslashreplace")
    return Frame(text, parse_object(text))


def parse_object(text: str) -> dict[str, Any] | None:
    """The JSON object in ``text``; None for everything else, NaN and endless nesting included."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def compact(value: object) -> str:
    """``value`` as JSON without a needless byte. Raises TypeError and ValueError for what is not JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode(request: Mapping[str, Any]) -> str:
    """The text of a request. Raises UnsendableError for what docs/protocol.md says cannot be read."""
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
