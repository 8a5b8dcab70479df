"""The little language of frames in scenarios: names that stand for values, shorthands for positions and
publications. `tests/clients/runner.py` describes it.
"""

import re
from typing import Any

_POSITION = re.compile(r"@(?:(\w+):)?(\d+)")
_PUBLICATION = re.compile(r"#(?:(\w+):)?(\d+)")
SENDER = {"user_id": "u-1", "name": "Ann"}
SENT_AT = 1_767_225_600_000


def position(offset: int, epoch: str = "e") -> dict[str, Any]:
    """A position as it is on the wire."""
    return {"epoch": epoch, "offset": offset}


def publication(offset: int, epoch: str = "e") -> dict[str, Any]:
    """A publication as it is in a list of several; its data are "n" and its offset."""
    return {"position": position(offset, epoch), "sender": SENDER, "data": f"n{offset}", "sent_at": SENT_AT}


def expand(value: Any, names: dict[str, Any]) -> Any:
    """What `value` of a scenario stands for; a `$name` that is not known yet stays as it is."""
    match value:
        case dict():
            return {key: expand(item, names) for key, item in value.items()}
        case list():
            return [expand(item, names) for item in value]
        case str() if found := _POSITION.fullmatch(value):
            return position(int(found[2]), found[1] or "e")
        case str() if found := _PUBLICATION.fullmatch(value):
            return publication(int(found[2]), found[1] or "e")
        case str() if value.startswith("$"):
            return names.get(value, value)
    return value


def matches(pattern: dict[str, Any], actual: dict[str, Any], names: dict[str, Any]) -> bool:
    """Whether `actual` has all that `pattern` asks for; gives a value to each new `$name`."""
    wanted = expand(pattern, names)
    return all(key in actual and _is(item, actual[key], names) for key, item in wanted.items())


def _is(pattern: Any, actual: Any, names: dict[str, Any]) -> bool:
    if isinstance(pattern, str) and pattern.startswith("$"):
        return bool(names.setdefault(pattern, actual) == actual)
    return bool(pattern == actual)
