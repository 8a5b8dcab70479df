from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from connection_store.wire import decode, encode

values = st.one_of(st.text(), st.booleans(), st.integers(-(10**37), 10**37))


@given(st.dictionaries(st.text(min_size=1), values))
def test_row_comes_back_when_written_and_read(record: dict[str, Any]) -> None:
    assert decode(encode(record)) == record


@given(values)
def test_value_is_written_as_boto3_writes_it(value: object) -> None:
    assert encode({"a": value})["a"] == TypeSerializer().serialize(value)


@pytest.mark.parametrize("value", [[], ["a"], {"a"}, {"a": 1}, ("a",), 1.5, None, b"a"])
def test_value_is_refused_when_no_row_may_hold_it(value: object) -> None:
    """F24 among them: a list or a set in a row would grow to 400 KB."""
    with pytest.raises(TypeError, match="a row holds no"):
        encode({"a": value})
