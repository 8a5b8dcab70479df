"""Frames: what came over the socket, and what may be sent over it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import TooLargeError

FRAME_LIMIT = 32_768
"""The largest frame API Gateway takes, in bytes (W77)."""


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


def check_size(text: str) -> None:
    """Raise TooLargeError when API Gateway would close the connection for this frame."""
    size = len(text.encode())
    if size > FRAME_LIMIT:
        raise TooLargeError(f"not sent: {size:,} bytes on the wire, and the limit is {FRAME_LIMIT:,}")


def _refuse(constant: str) -> None:
    raise ValueError(constant)
