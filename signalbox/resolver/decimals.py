"""Decimals as JSON numbers. pydantic writes them as texts, and numbers read with boto3 are Decimals."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from pydantic_core import SchemaSerializer, core_schema, from_json, to_json

# Loose, and therefore quick: it also finds some texts that are no number.
_QUOTED_NUMBER = re.compile(rb'"[-0-9sNI][-+.0-9EINafinsty]*"')
_LONGEST_INTEGER = 40
_ANYTHING = SchemaSerializer(core_schema.any_schema())
_SCALARS = {str, int, float, bool, type(None)}
_SEQUENCES = (list, tuple, set, frozenset)


def restore_decimals(value: Any, data: bytes) -> bytes:
    """Return `data`, the JSON of `value`, with every Decimal as a number that has all its digits.

    A Decimal that is an integer is written as one, and NaN and infinity become null. Decimals from generators
    and enums stay texts.
    """
    # Few replies hold a text that looks like a number, and searching bytes is quicker than walking values.
    if not _QUOTED_NUMBER.search(data) or not _holds_decimal(value):
        return data
    return _write(_restore(value, from_json(data))).encode()


def _holds_decimal(value: Any) -> bool:
    if type(value) in _SCALARS:
        return False
    if isinstance(value, dict):
        return any(map(_holds_decimal, value.values()))
    if isinstance(value, (Decimal, *_SEQUENCES)):
        return isinstance(value, Decimal) or any(map(_holds_decimal, value))
    dumped = _ANYTHING.to_python(value, by_alias=True, warnings=False)
    return isinstance(dumped, (dict, Decimal, *_SEQUENCES)) and _holds_decimal(dumped)


def _restore(value: Any, plain: Any) -> Any:
    if isinstance(value, Decimal):
        return value if plain == str(value) else plain  # a serializer may have made something else of it
    if not isinstance(plain, dict | list):
        return plain
    if not isinstance(value, (dict, *_SEQUENCES)):
        value = _ANYTHING.to_python(value, by_alias=True, warnings=False)
    if isinstance(plain, dict) and isinstance(value, dict):
        return plain | dict(zip(plain, _restore_all(value.values(), plain.values()), strict=False))
    if isinstance(plain, list) and isinstance(value, _SEQUENCES):
        return _restore_all(value, plain)
    return plain


def _restore_all(values: Iterable[Any], plain: Iterable[Any]) -> list[Any]:
    # The reply's `id` may have been added behind the handler's own values.
    return [_restore(value, each) for value, each in zip(values, plain, strict=False)]


def _write(value: Any) -> str:
    if isinstance(value, Decimal):
        return _digits(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_write(name)}:{_write(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_write, value)) + "]"
    return to_json(value).decode()


def _digits(number: Decimal) -> str:
    if not number.is_finite():
        return "null"
    # An exponent keeps a number short: 1E+999999 is seven digits here, and a million as an integer.
    if number.adjusted() < _LONGEST_INTEGER and number == number.to_integral_value():
        return str(int(number))
    return str(number)
