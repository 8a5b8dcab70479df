from typing import Any

import pytest

from connection_store.arguments import DEEPEST, json_text, optional_text, whole_number


def nested(levels: int, data: Any = 1) -> Any:
    for _ in range(levels):
        data = [data]
    return data


@pytest.mark.parametrize("value", [True, 60.0, "60", None, 1 + 0j])
def test_number_is_refused_when_it_is_no_int(value: Any) -> None:
    with pytest.raises(TypeError, match="connection_ttl is a whole number, not"):
        whole_number("connection_ttl", value, 60)


def test_number_is_refused_when_it_is_too_small() -> None:
    assert whole_number("connection_ttl", 60, 60) == 60
    with pytest.raises(ValueError, match="connection_ttl is at least 60, not 59"):
        whole_number("connection_ttl", 59, 60)


@pytest.mark.parametrize("value", [1, b"ann", ["ann"]])
def test_text_is_refused_when_it_is_something_else(value: Any) -> None:
    assert (optional_text("name", "Ann"), optional_text("name", None)) == ("Ann", None)
    with pytest.raises(TypeError, match="name is text or None, not"):
        optional_text("name", value)


@pytest.mark.parametrize("levels", [DEEPEST + 1, 500, 5_000, 200_000])
def test_json_is_refused_when_it_nests_too_deep(levels: int) -> None:
    for data in (nested(levels), nested(levels - 1, {"a": 1})):
        with pytest.raises(ValueError, match="client_data has more than 100 levels"):
            json_text("client_data", data)


def test_json_is_written_when_it_nests_as_deep_as_it_may() -> None:
    assert json_text("client_data", nested(DEEPEST)) == "[" * DEEPEST + "1" + "]" * DEEPEST


@pytest.mark.parametrize("value", [object(), {1, 2}, b"a", {"a": {1: 2}}, {None: 1}, [{(1, 2): 3}], 1 + 0j])
def test_json_is_refused_when_it_has_no_such_value_or_key(value: Any) -> None:
    with pytest.raises(TypeError):
        json_text("client_data", value)


def test_json_is_refused_when_it_contains_itself_or_nan() -> None:
    circle: list[Any] = []
    circle += [circle, circle]
    for value in (circle, float("nan"), [float("inf")]):
        with pytest.raises(ValueError, match=r"Circular|JSON"):
            json_text("client_data", value)
