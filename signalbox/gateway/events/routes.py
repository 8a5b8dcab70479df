"""Which route a message takes (W72-W74)."""

from .selection import RouteSelection
from .strict_json import parse_json


class Routes:
    """The deployed routes of one API, and the expression that selects one of them."""

    def __init__(self, keys: frozenset[str], selection: RouteSelection) -> None:
        self._custom = frozenset(key for key in keys if not key.startswith("$"))
        self._default = "$default" if "$default" in keys else None
        self._selection = selection

    def select(self, body: str) -> str | None:
        """The key of the route `body` takes: the selected one, else `$default`, else None."""
        if self._custom and (key := self._selected(body)) in self._custom:
            return key
        return self._default

    def _selected(self, body: str) -> str | None:
        try:
            return self._selection.evaluate(parse_json(body))
        except (ValueError, RecursionError):  # the latter: a key of hundreds of lists in each other
            return None
