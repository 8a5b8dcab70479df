"""Selects the route of a message (W72-W74)."""

from .selection import RouteSelection
from .strict_json import parse_json


class Routes:
    """The routes of one API, with its route selection expression."""

    def __init__(self, keys: frozenset[str], selection: RouteSelection) -> None:
        self._custom = frozenset(key for key in keys if not key.startswith("$"))
        self._default = "$default" if "$default" in keys else None
        self._selection = selection

    def select(self, body: str) -> str | None:
        """Return the route key for a message: the selected one, else `$default`, else None."""
        if self._custom and (key := self._selected(body)) in self._custom:
            return key
        return self._default

    def _selected(self, body: str) -> str | None:
        try:
            return self._selection.evaluate(parse_json(body))
        except (ValueError, RecursionError):  # RecursionError: the key is a deeply nested list
            return None
