"""Which route a message takes, by the selection expression `$request.body.action` (W72, W73)."""

import json
from typing import Any

from .strict_json import parse_json


class Routes:
    """The deployed routes of one API."""

    def __init__(self, keys: frozenset[str]) -> None:
        self._custom = frozenset(key for key in keys if not key.startswith("$"))
        self._default = "$default" if "$default" in keys else None

    def select(self, body: str) -> str | None:
        """The key of the route `body` takes: the selected one, else `$default`, else None."""
        if self._custom and (value := _selected(body)) in self._custom:
            return value
        return self._default


def _selected(body: str) -> str:
    try:
        message = parse_json(body)
    except ValueError:
        return ""
    return _stringified(message.get("action")) if isinstance(message, dict) else ""


def _stringified(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
