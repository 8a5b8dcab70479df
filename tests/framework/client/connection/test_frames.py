from typing import Any

import pytest

from signalbox.client.connection.frames import FRAME_LIMIT, check_size, encode, parse_object, read_frame
from signalbox.client.errors import TooLargeError, UnsendableError

NOT_OBJECTS = {
    "nothing": "",
    "text": "hello",
    "array": "[1]",
    "number": "7",
    "string": '"a"',
    "null": "null",
    "NaN": '{"a":NaN}',
    "infinity": '{"a":-Infinity}',
    "half": '{"a":1',
    "deep": '{"a":' * 100_000,
    "deep array": "[" * 100_000,
    "endless number": '{"a":' + "1" * 5_000 + "}",
}


@pytest.mark.parametrize("text", NOT_OBJECTS.values(), ids=NOT_OBJECTS.keys())
def test_nothing_is_an_object_when_it_is_not_one_in_strict_json(text: str) -> None:
    assert parse_object(text) is None


def test_a_frame_has_fields_when_it_is_an_object() -> None:
    frame = read_frame('{"id":"a","type":"pong"}')

    assert frame.fields == {"id": "a", "type": "pong"}
    assert frame.request_id == "a"


@pytest.mark.parametrize("data", ["garbage", "[1,2]", b"\x00\xff"])
def test_a_frame_is_only_text_when_it_is_anything_else(data: str | bytes) -> None:
    frame = read_frame(data)

    assert frame.fields is None
    assert frame.request_id is None
    assert frame.text


def test_a_frame_passes_when_it_has_exactly_the_size_api_gateway_takes() -> None:
    check_size("x" * FRAME_LIMIT)


@pytest.mark.parametrize("text", ["x" * (FRAME_LIMIT + 1), "é" * (FRAME_LIMIT // 2) + "x"])
def test_a_frame_is_refused_when_it_has_a_byte_too_many(text: str) -> None:
    with pytest.raises(TooLargeError, match="32,769 bytes"):
        check_size(text)


def nested(levels: int) -> Any:
    """A value of so many levels."""
    return [nested(levels - 1)] if levels > 1 else {"a": 1}


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize("data", [nested(15), tuple(range(1_024)), {str(n): n for n in range(1_024)}])
def test_a_request_is_sent_when_the_server_can_just_read_it(data: object) -> None:
    assert parse_object(encode({"data": data}))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (nested(16), "deeper than 16 levels"),
        (nested(900), "deeper than 16 levels"),
        (CIRCLE, "deeper than 16 levels"),
        (tuple(range(1_025)), "more than 1,024 members"),
        ({str(n): n for n in range(1_025)}, "more than 1,024 members"),
        ([{"a": [0] * 1_025}], "more than 1,024 members"),
        (float("nan"), "not JSON compliant"),
        (float("-inf"), "not JSON compliant"),
        ([10**5_000], "digits"),
        ("\ud83d", "surrogates not allowed"),
        ({"\ude00": 1}, "surrogates not allowed"),
        ({(1, 2): 1}, "keys must be"),
        ({1}, "not JSON serializable"),
        ("x" * FRAME_LIMIT, "the limit is 32,768"),
    ],
)
def test_a_request_is_not_sent_when_the_server_could_not_read_it(data: object, problem: str) -> None:
    with pytest.raises(UnsendableError, match=f"^not sent: .*{problem}"):
        encode({"data": data})
