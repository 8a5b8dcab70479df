"""Which expressions are refused, and what is said. What they mean is in tests/contract/test_engine.py.

Covers signalbox.testing.dynamodb.conditions, signalbox.testing.dynamodb.key_conditions.
Covers signalbox.testing.dynamodb.updates.
"""

from typing import Any

import pytest

from connection_store.engine import RequestRefusedError
from signalbox.testing.dynamodb.conditions import compile_condition
from signalbox.testing.dynamodb.expressions import scope_of
from signalbox.testing.dynamodb.key_conditions import compile_key_condition
from signalbox.testing.dynamodb.updates import compile_update


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "not empty"),
        ("a", "no comparison"),
        ("a =", "ends too early"),
        ("a = :v b", "goes on unexpectedly with 'b'"),
        ("(a = :v", "no ')'"),
        ("a = :v)", "goes on unexpectedly"),
        ("a.b = :v", "no paths into documents"),
        ("a[0] = :v", "no paths into documents"),
        ("a ! :v", "no '!'"),
        ("size(a) > :v", "function 'size'"),
        ("a BETWEEN :v, :w", "no 'AND'"),
        ("attribute_exists(:v)", "no name"),
        ("1a = :v", "no name"),
        ("a IN :v", "no '('"),
    ],
)
def test_condition_is_refused_when_it_cannot_be_read(expression: str, said: str) -> None:
    with pytest.raises(RequestRefusedError, match="ValidationException") as raised:
        compile_condition(expression)
    assert said in raised.value.message


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("a = :v", "SET, ADD and REMOVE"),
        ("SET a = :v SET b = :v", "at most once"),
        ("DELETE a :v", "SET, ADD and REMOVE"),
        ("SET a", "no '='"),
        ("SET a > :v", "no '='"),
        ("SET a = list_append(a, :v)", "function 'list_append'"),
        ("SET a = :v,", "ends too early"),
    ],
)
def test_update_is_refused_when_it_cannot_be_read(expression: str, said: str) -> None:
    with pytest.raises(RequestRefusedError, match="ValidationException") as raised:
        compile_update(expression)
    assert said in raised.value.message


@pytest.mark.parametrize(
    ("expression", "values", "said"),
    [
        ("SET a = :v, a = :v", {":v": {"N": "1"}}, "twice"),
        ("SET a = b", {}, "does not have"),
        ("SET a = n + :v", {":v": {"S": "1"}}, "no number"),
        ("ADD text :v", {":v": {"N": "1"}}, "no number"),
    ],
)
def test_update_is_refused_when_it_does_not_fit_the_item(
    expression: str, values: dict[str, Any], said: str
) -> None:
    update = compile_update(expression)
    scope = scope_of({"ExpressionAttributeValues": values}, update.references)
    with pytest.raises(RequestRefusedError, match="ValidationException") as raised:
        update.apply({"n": {"N": "1"}, "text": {"S": "x"}}, scope)
    assert said in raised.value.message


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("pk <> :v", "is compared with"),
        ("pk = :v AND sk = :w AND a = :x", "goes on unexpectedly"),
        ("pk = sk", "no value"),
    ],
)
def test_key_condition_is_refused_when_it_cannot_be_read(expression: str, said: str) -> None:
    with pytest.raises(RequestRefusedError, match="ValidationException") as raised:
        compile_key_condition(expression)
    assert said in raised.value.message


@pytest.mark.parametrize(
    ("names", "values", "said"),
    [
        ({"#a": "a"}, {}, "refers to :v"),
        ({"#a": "a"}, {":v": {"N": "1"}, ":w": {"N": "1"}}, "defines :w"),
        ({}, {":v": {"N": "1"}}, "refers to #a"),
        ({"#a": "a", "#b": "b"}, {":v": {"N": "1"}}, "defines #b"),
    ],
)
def test_request_is_refused_when_it_defines_other_than_is_used(
    names: dict[str, str], values: dict[str, Any], said: str
) -> None:
    request = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    with pytest.raises(RequestRefusedError, match="ValidationException") as raised:
        scope_of(request, compile_condition("#a = :v").references)
    assert said in raised.value.message


def test_name_stands_for_an_attribute_when_it_has_a_number_sign() -> None:
    condition = compile_condition("#a = :v")
    request = {"ExpressionAttributeNames": {"#a": "type"}, "ExpressionAttributeValues": {":v": {"N": "1.0"}}}
    assert condition.holds({"type": {"N": "1"}}, scope_of(request, condition.references))
