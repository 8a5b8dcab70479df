"""DynamoDB's typed values, such as `{"N": "7"}`: checked, copied, measured and compared.

Rules: "Supported data types", "Constraints" and "Item sizes and formats" in the Amazon DynamoDB Developer
Guide.
"""

from base64 import b64decode
from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from math import ceil
from typing import Any

from .refusals import invalid

Value = Mapping[str, Any]
"""One typed value: a type, such as "S", and what it holds."""

Item = Mapping[str, Value]
"""A row: attributes' names to values."""

MAX_ITEM_BYTES = 400 * 1024
MAX_DIGITS = 38
LONGEST_PLAIN_NUMBER = 20
"""Characters up to which an integer in canonical form is known to be within the limits."""

EXACT = Context(prec=400)
"""More digits than a sum of DynamoDB's largest and smallest number has."""

_SETS = {"SS": "S", "NS": "N", "BS": "B"}


def copy_item(item: Item, limit: int = MAX_ITEM_BYTES) -> dict[str, Value]:
    """Return an item's copy, with its numbers in canonical form.

    Refuses with ValidationException an item that is larger than `limit` bytes, or no item at all.
    """
    if not isinstance(item, Mapping):
        raise invalid("an item is a mapping of attributes' names to typed values")
    copied = {name: copy_value(value) for name, value in item.items()}
    if item_size(copied) > limit:
        raise invalid("Item size has exceeded the maximum allowed size")
    return copied


def give(item: Item) -> dict[str, Value]:
    """Return a copy of a stored item for an answer."""
    return {
        name: copy_value(value) if "M" in value or "L" in value else {**value} for name, value in item.items()
    }


def copy_value(value: Value) -> Value:
    """Return a value's copy. Refuses what is no value with ValidationException."""
    kind, content = _parts(value)
    if kind == "S":
        return {"S": _text(content)}
    if kind == "N":
        return {"N": canonical(content)}
    if kind == "L":
        return {"L": [copy_value(each) for each in content]}
    if kind == "M":
        return {"M": {name: copy_value(each) for name, each in content.items()}}
    if kind in _SETS:
        return {kind: _copy_set(kind, content)}
    if kind not in {"B", "BOOL", "NULL"}:
        raise invalid(f"there is no type {kind!r}")
    return {kind: content}


def canonical(number: object) -> str:
    """Return a number as DynamoDB gives it back: without leading zeros, and no more than 38 digits."""
    if not isinstance(number, str):
        raise invalid("a number is given as text")
    if number.isdecimal() and number.isascii() and len(number) <= LONGEST_PLAIN_NUMBER and number[0] != "0":
        return number
    try:
        value = Decimal(number).normalize(EXACT)
    except InvalidOperation:
        raise invalid("the value cannot be read as a number") from None
    if not value.is_finite() or len(value.as_tuple().digits) > MAX_DIGITS:
        raise invalid(f"a number has at most {MAX_DIGITS} significant digits")
    return f"{value:f}" if value else "0"


def sortable(value: Value) -> Any:
    """Return a string, number or binary in a form that compares as DynamoDB compares it."""
    kind, content = _parts(value)
    # Text is ordered by its UTF-8 bytes, which is the order of its code points.
    return Decimal(content) if kind == "N" else content


def kind_of(value: Value) -> str:
    """Return a value's type, such as "S"."""
    return _parts(value)[0]


def item_size(item: Item) -> int:
    """Return an item's bytes: its attributes' names and values."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Value) -> int:
    """Return a value's bytes as DynamoDB counts them."""
    match value:
        case {"S": text}:
            return len(text.encode())
        case {"N": number}:
            # Zeros at either end are not stored; two digits share a byte.
            return ceil(len(number.strip("-0")) / 2) + 1
        case {"B": content}:
            return len(content if isinstance(content, bytes) else b64decode(content))
        case {"L": values}:
            return 3 + sum(1 + value_size(each) for each in values)
        case {"M": attributes}:
            return 3 + len(attributes) + item_size(attributes)
        case {"SS": contents} | {"NS": contents} | {"BS": contents}:
            single = _SETS[kind_of(value)]
            return sum(value_size({single: content}) for content in contents)
    return 1


def _parts(value: Value) -> tuple[str, Any]:
    if not isinstance(value, Mapping) or len(value) != 1:
        raise invalid("a value is a mapping with one type, such as {'S': 'text'}")
    return next(iter(value.items()))


def _text(content: object) -> str:
    if not isinstance(content, str):
        raise invalid("a string is given as text")
    return content


def _copy_set(kind: str, contents: Any) -> list[Any]:
    copied = [copy_value({_SETS[kind]: content})[_SETS[kind]] for content in contents]
    if not copied or len(set(copied)) < len(copied):
        raise invalid("a set holds at least one value, and each only once")
    return copied
