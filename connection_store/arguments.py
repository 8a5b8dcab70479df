"""Checks of arguments. Each returns its argument, or raises an error that names it."""

import json
import os
import re
from collections.abc import Collection
from typing import Any

DEFAULT_TABLE_NAME = "signalbox"
TABLE_VARIABLES = ("TABLE_NAME", "DYNAMODB_TABLE")
"""Environment variables that name the table. The first one that is set and not empty counts."""

DEEPEST = 100
"""Levels of lists and objects in client data. Every JSON parser reads that many."""


_TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")


def table_name(name: str | None) -> str:
    """Return `name`, or if it is None the name in the environment, or else "signalbox".

    Raises TypeError, and ValueError for a name that DynamoDB does not accept.
    """
    if name is None:
        name = next(filter(None, map(os.environ.get, TABLE_VARIABLES)), DEFAULT_TABLE_NAME)
    if not isinstance(name, str):
        raise TypeError(f"a table's name is text, not {type(name).__name__}")
    if not _TABLE_NAME.fullmatch(name):
        raise ValueError(f"a table's name is 3 to 255 of A-Z a-z 0-9 _ . -, not {name!r}")
    return name


def whole_number(name: str, value: Any, at_least: int = 0) -> int:
    """Return `value`. Raises TypeError if it is no int, and ValueError if it is below `at_least`.

    A bool is refused, too: `True` would count as 1.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}")
    if value < at_least:
        raise ValueError(f"{name} is at least {at_least}, not {value}")
    return value


def optional_whole_number(name: str, value: int | None, default: int) -> int:
    """Return `value`, or `default` if it is None. Raises as `whole_number`."""
    return default if value is None else whole_number(name, value)


def optional_text(name: str, value: Any) -> str | None:
    """Return `value`. Raises TypeError if it is neither text nor None."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is text or None, not {type(value).__name__}")
    return value


def json_text(name: str, value: Any) -> str:
    """Write `value` as JSON.

    Raises TypeError for a value or a key that JSON does not have. Raises ValueError for NaN, for data that
    contains itself, and for more than DEEPEST levels.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except RecursionError:
        raise ValueError(f"{name} has more than {DEEPEST} levels") from None
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [child for each in level for child in _children(name, each)]
        if not level:
            return text
    raise ValueError(f"{name} has more than {DEEPEST} levels")


def _children(name: str, value: object) -> Collection[Any]:
    if isinstance(value, list | tuple):
        return value
    if not isinstance(value, dict):
        return ()
    # json.dumps would turn the keys 1, True and None into texts, and a reader would get other data back.
    if not all(isinstance(key, str) for key in value):
        raise TypeError(f"{name} has a key that is not text")
    return value.values()
