from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connection_store.engine import RequestRefusedError
from signalbox.testing.dynamodb.values import canonical, copy_value, value_size


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("7", "7"),
        ("0", "0"),
        ("-0", "0"),
        ("007", "7"),
        ("+7", "7"),
        ("7.50", "7.5"),
        ("1e3", "1000"),
        ("1" * 38, "1" * 38),
        ("-1.5E-2", "-0.015"),
    ],
)
def test_number_is_kept_in_its_canonical_form(given: str, kept: str) -> None:
    assert canonical(given) == kept


@given(st.integers(-(10**37), 10**37))
def test_integer_is_kept_as_it_is_written(number: int) -> None:
    assert canonical(str(number)) == str(number)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20))
def test_number_keeps_its_value(number: Decimal) -> None:
    assert Decimal(canonical(str(number))) == number


@pytest.mark.parametrize("number", ["", "x", "NaN", "Infinity", "1" * 39, 7, None])
def test_number_is_refused_when_it_is_none_of_dynamodbs(number: object) -> None:
    with pytest.raises(RequestRefusedError, match="ValidationException"):
        canonical(number)


@pytest.mark.parametrize(
    "value", [{}, {"S": "a", "N": "1"}, "a", {"S": 1}, {"X": 1}, {"SS": []}, {"SS": ["a", "a"]}, {"L": ["a"]}]
)
def test_value_is_refused_when_it_is_no_typed_value(value: Any) -> None:
    with pytest.raises(RequestRefusedError, match="ValidationException"):
        copy_value(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"NULL": True}, 1),
        ({"B": b"abc"}, 3),
        ({"B": "YWJj"}, 3),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "123"]}, 5),
        ({"L": [{"S": "a"}, {"BOOL": True}]}, 3 + 2 + 2),
        ({"M": {"a": {"S": "b"}}}, 3 + 1 + 2),
    ],
)
def test_value_has_the_bytes_dynamodb_counts(value: Any, size: int) -> None:
    assert value_size(value) == size
