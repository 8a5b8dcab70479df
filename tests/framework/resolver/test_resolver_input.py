"""Whatever a client sends, API Gateway gets an answer and the client a typed frame (F20)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from signalbox.resolver import MessageEvent, WebSocketResolver
from tests.framework.resolver.events import message_event

CODES = {"bad_request", "invalid_message", "unknown_route", "too_large"}


class Note(BaseModel):
    to: str
    tags: dict[str, list[int]] = {}


def _resolver(*, default: bool) -> WebSocketResolver:
    resolver = WebSocketResolver()

    @resolver.on_message("note")
    async def note(body: Note) -> Any:
        return {"type": "noted", "note": body}

    @resolver.on_message("echo")
    async def echo(body: Any) -> Any:
        return {"type": "echo", "body": body}

    if default:

        @resolver.on_default()
        async def length(event: MessageEvent) -> Any:
            return {"type": "length", "length": len(event.body)}

    return resolver


RESOLVERS = [_resolver(default=False), _resolver(default=True)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
MESSAGES = st.fixed_dictionaries(
    {"action": st.sampled_from(["note", "echo", "other"]) | JSON},
    optional={"id": JSON, "to": JSON, "tags": JSON, "data": JSON},
)


def _check(body: str) -> None:
    for resolver in RESOLVERS:
        for route_key in ("$default", "echo", "note"):
            answer = resolver.resolve(message_event(body, route_key))
            assert answer.keys() == {"statusCode", "body"}
            assert answer["statusCode"] == 200
            assert len(answer["body"].encode()) <= 131_072
            frame = json.loads(answer["body"], parse_constant=pytest.fail)
            assert frame["type"] in {"noted", "echo", "length", "error"}
            if frame["type"] == "error":
                assert frame["code"] in CODES
                assert frame["request_id"] == "r="
                assert frame.keys() <= {"type", "code", "retry", "request_id", "id", "fields"}


@given(st.text() | st.text(st.characters(categories=["Cs", "Cc", "Nd"])))
def test_any_text_gets_a_typed_frame(body: str) -> None:
    _check(body)


@given(st.binary(max_size=200))
def test_any_bytes_get_a_typed_frame(body: bytes) -> None:
    _check(body.decode("utf-8", "surrogateescape"))
    _check(body.decode("latin-1"))


@given(JSON | MESSAGES)
def test_any_json_gets_a_typed_frame(body: Any) -> None:
    _check(json.dumps(body))


@settings(max_examples=50)
@given(MESSAGES, st.integers(0, 200), st.sampled_from('{}[]",:0e\\\x00\ud800é'))
def test_any_damaged_message_gets_a_typed_frame(body: Any, at: int, character: str) -> None:
    text = json.dumps(body, ensure_ascii=False)
    _check(text[:at] + character + text[at + 1 :])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("hello", "bad_request"),
        ('{"action":"echo","n":NaN}', "bad_request"),
        ('{"action":"echo","n":1e999}', "bad_request"),
        ('{"action":"echo","text":"\\ud800"}', "bad_request"),
        ('{"action":"echo","deep":' + "[" * 10_000 + "]" * 10_000 + "}", "bad_request"),
        ('{"action":"echo","n":' + "9" * 5_000 + "}", "bad_request"),
        ('{"action":"dance"}', "unknown_route"),
        ('{"action":"note"}', "invalid_message"),
        ('{"action":"note","to":5}', "invalid_message"),
        ('{"action":"echo","text":"' + "x" * (32_769 - 27) + '"}', "too_large"),
        ('{"action":"echo","text":"' + "\U0001f600" * 8_186 + '"}', "too_large"),
    ],
)
def test_bad_input_has_its_answer(body: str, code: str) -> None:
    answer = RESOLVERS[0].resolve(message_event(body))
    assert json.loads(answer["body"]) | {"fields": ""} == {
        "type": "error",
        "code": code,
        "retry": False,
        "request_id": "r=",
        "fields": "",
    }


def test_largest_message_is_taken() -> None:
    body = '{"action":"echo","text":"' + "x" * (32_768 - 27) + '"}'
    assert len(body.encode()) == 32_768
    answer = RESOLVERS[0].resolve(message_event(body))
    assert json.loads(answer["body"])["type"] == "echo"
