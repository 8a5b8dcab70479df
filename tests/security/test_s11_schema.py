"""S11: what a client sends fits a schema with bounds, and no name in it forges a key."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connection_store import Channel, InvalidKeyError, schema
from signalbox import protocol
from signalbox.protocol.channels import ChannelName, Key
from signalbox.protocol.frames import Request
from tests.framework.application import ROUTES
from tests.framework.realtime.backend import Backend

ALLOWED = re.compile(r"[A-Za-z0-9_:.-]{1,128}")
NAMES, KEYS = TypeAdapter(ChannelName), TypeAdapter(Key)
REQUESTS: dict[str, type[Request]] = {
    model.model_fields["action"].annotation.__args__[0]: model  # type: ignore[union-attr]  # all are Literals
    for _, model in inspect.getmembers(protocol, inspect.isclass)
    if issubclass(model, Request) and model is not Request
}

texts = st.text(max_size=140) | st.text("aZ09_:.-#/~@ \n\x00é", max_size=140)


def is_accepted(adapter: TypeAdapter[Any], value: object) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


@given(texts)
@example("room:1\n")
@example("room:1#0")
@example("acme/room:1")
@example("room:1\u0661")
def test_s11_channel_is_accepted_when_every_character_is_listed_and_not_else(name: str) -> None:
    allowed = bool(ALLOWED.fullmatch(name))

    assert is_accepted(NAMES, name) == allowed
    if allowed:
        Channel(name)
    else:
        with pytest.raises(InvalidKeyError):
            Channel(name)


@given(texts, texts, st.sampled_from(["", "acme", "acme2"]), st.integers(0, 15))
def test_s11_names_that_are_accepted_forge_no_key(name: str, other: str, prefix: str, shard: int) -> None:
    if is_accepted(NAMES, name) and is_accepted(NAMES, other) and name != other:
        mine = {schema.subscribers_partition(prefix, name, shard), schema.head_key(prefix, name).pk}
        for number in range(16):
            assert schema.subscribers_partition(prefix, other, number) not in mine
        assert schema.head_key(prefix, other).pk not in mine
        assert schema.seen_key(prefix, other, "user:ann", "k").pk not in mine


@given(texts)
def test_s11_key_of_a_publication_is_accepted_when_the_store_takes_it(key: str) -> None:
    if is_accepted(KEYS, key):
        assert schema.seen_key("", "room:1", "user:a#b", key).sk == f"user:a#b#{key}"


@pytest.mark.parametrize("value", [None, 7, True, ["room:1"], {"channel": "room:1"}, b"room:1\xff"])
def test_s11_channel_is_refused_when_it_is_no_text(value: object) -> None:
    assert not is_accepted(NAMES, value)


def test_s11_every_message_has_a_schema() -> None:
    assert set(REQUESTS) == set(ROUTES)


def bounded(of: dict[str, Any], definitions: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each value in a JSON schema that is to have a bound, with where it is."""
    for name, value in of.get("properties", {}).items():
        for kind in value.get("anyOf", [value]):
            yield from ((f"{name}{rest}", each) for rest, each in _inside(kind, definitions))


def _inside(kind: dict[str, Any], definitions: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "$ref" in kind:
        definition = definitions[kind["$ref"].rpartition("/")[2]]
        yield from ((f".{name}", each) for name, each in bounded(definition, definitions))
        return
    yield "", kind
    for inner in ("items", "additionalProperties", "propertyNames"):
        if isinstance(kind.get(inner), dict):
            yield from ((f"[]{rest}", each) for rest, each in _inside(kind[inner], definitions))


BOUNDS = {
    "string": ({"maxLength"}, {"pattern"}, {"const"}, {"enum"}),
    "array": ({"maxItems"},),
    "object": ({"maxProperties"},),
    "integer": ({"minimum", "maximum"}, {"const"}),
    "number": ({"minimum", "maximum"},),
}


@pytest.mark.parametrize("action", REQUESTS)
def test_s11_everything_in_a_message_has_a_bound(action: str) -> None:
    described = REQUESTS[action].model_json_schema()

    for name, kind in bounded(described, described.get("$defs", {})):
        if name in {"data", "id"} or kind.get("type") in {None, "null", "boolean"}:
            continue  # any JSON is bounded by the message's size, and an id by the resolver
        assert any(bound <= set(kind) for bound in BOUNDS[kind["type"]]), f"{action}: {name} has no bound"


@pytest.mark.parametrize("user_id", ["ann#b=", "conns#1", "acme/user", "~acme/", "a\x1fb", "@", "😀" * 32])
async def test_s11_user_id_forges_no_row_whatever_the_provider_calls_its_users(
    backend: Backend, user_id: str
) -> None:
    backend.connect("a=", authorizer={"principalId": user_id})
    backend.subscribe("a=", "room:1", authorizer={"principalId": user_id})

    rows = backend.items()

    partitions = sorted(row["pk"]["S"] for row in rows if row["pk"]["S"].startswith(("user#", "acme", "~")))
    assert set(partitions) == {f"user#{user_id}"}
    assert backend.user_of("a=") == user_id
