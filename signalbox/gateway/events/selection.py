"""Route selection expressions, which compute a route key from a message (W72).

Of JSONPath, names and indexes are supported. Source: "WebSocket selection expressions", API Gateway
Developer Guide.
"""

import json
import re
from typing import Any

from ..errors import ConfigError

_PIECE = re.compile(
    r"\$\{request\.body\.(?P<wrapped>[\w-]+(?:\[\d+\]|\.[\w-]+)*)\}"
    r"|\$request\.body\.(?P<bare>\w+(?:\[\d+\]|\.\w+)*)"
    r"|\\(?P<dollar>\$)"
    r"|(?P<text>[^$\\]+|\\)",
    re.ASCII,
)
_STEP = re.compile(r"\[(\d+)\]|([\w-]+)", re.ASCII)
_MISSING = object()

_Steps = tuple[int | str, ...]


class RouteSelection:
    """One expression, parsed once and evaluated for each message. Raises ConfigError."""

    def __init__(self, expression: str) -> None:
        self._pieces: list[str | _Steps] = []
        position = 0
        while position < len(expression):
            piece = _PIECE.match(expression, position)
            if piece is None:
                raise ConfigError(f"route selection {expression!r} is not understood at {position + 1}")
            path = piece["wrapped"] or piece["bare"]
            self._pieces.append(_steps(path) if path else piece["dollar"] or piece["text"])
            position = piece.end()
        if not self._pieces:
            raise ConfigError("route selection is empty")

    def evaluate(self, message: Any) -> str:
        """Return the key for a message. A missing value is an empty string."""
        return "".join(
            piece if isinstance(piece, str) else _stringified(_find(message, piece)) for piece in self._pieces
        )


def _steps(path: str) -> _Steps:
    return tuple(int(index) if index else name for index, name in _STEP.findall(path))


def _find(value: Any, steps: _Steps) -> Any:
    for step in steps:
        is_there = (
            isinstance(value, dict) and step in value
            if isinstance(step, str)
            else isinstance(value, list) and step < len(value)
        )
        if not is_there:
            return _MISSING
        value = value[step]
    return value


def _stringified(value: Any) -> str:
    if value is _MISSING:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_stringified, value))}]"
    return json.dumps(value)
