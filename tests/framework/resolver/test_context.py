import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter

from signalbox.resolver import (
    BadRequestError,
    Caller,
    Context,
    InvalidMessageError,
    TooLargeError,
    UnauthorizedError,
    parse_event,
)

Build = Callable[..., dict[str, Any]]


@pytest.fixture
def context(message: Build) -> Callable[..., Context]:
    def build(
        body: Any = "", max_body_bytes: int = 32_768, lambda_context: Any = None, **request: Any
    ) -> Context:
        event = parse_event(message(body, **request))
        return Context(event, lambda_context, max_body_bytes=max_body_bytes)

    return build


def test_caller_comes_from_the_authorizer_when_it_named_one(context: Callable[..., Context]) -> None:
    caller = context(authorizer={"principalId": "ada", "role": "admin", "integrationLatency": 5}).caller
    assert caller == Caller("ada", {"role": "admin"})


@pytest.mark.parametrize("authorizer", [None, {}, {"principalId": ""}, {"principalId": 7}])
def test_caller_is_unauthorized_when_nobody_is_named(
    context: Callable[..., Context], authorizer: dict[str, Any] | None
) -> None:
    nobody = context(authorizer=authorizer)
    assert not nobody.identified
    with pytest.raises(UnauthorizedError):
        _ = nobody.caller


def test_caller_is_the_middlewares_when_one_set_it(context: Callable[..., Context]) -> None:
    guest = context(authorizer={"principalId": "ada"})
    assert guest.identified
    guest.caller = Caller("guest")
    assert guest.caller == Caller("guest", {})


def test_services_are_the_middlewares_when_one_set_them(context: Callable[..., Context]) -> None:
    guest = context()
    assert guest.services is None
    guest.services = {}
    assert guest.services == {}


def test_claims_stay_out_of_a_repr() -> None:
    assert "canary" not in repr(Caller("ada", {"token": "canary"}))


def test_body_is_parsed_once(context: Callable[..., Context]) -> None:
    asked = context({"a": 1})
    assert asked.body is asked.body
    assert asked.body == {"a": 1}


def test_body_may_be_as_wide_as_the_limit(context: Callable[..., Context]) -> None:
    wide = [[0] * 1_024, {str(n): n for n in range(1_024)}] * 2

    assert context({"a": wide}).body == {"a": wide}


def test_body_is_none_when_the_event_is_no_message(connect: Build, disconnect: Build) -> None:
    for raw in (connect(), disconnect()):
        context = Context(parse_event(raw))
        assert (context.body, context.message_ref) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "hello",
        "{",
        '{"a":1}x',
        "{'a':1}",
        "NaN",
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":"\\ud800"}',
        '{"\\udfff":1}',
        '{"a":"\ud800"}',
        '"\x00"',
        "[" * 10_000,
        '{"a":' * 5_000,
        '{"a":' + "1" * 5_000 + "}",
        '{"a":1e999}',
        '{"a":[{"b":-1.5E+400}]}',
        "9" * 400 + ".0",
        "9" * 310 + "e5",
        "[" * 17 + "]" * 17,
        '{"a":' * 17 + "1" + "}" * 17,
        '[{"a":' * 8 + "[[]]" + "}]" * 8,
        json.dumps([0] * 1_025),
        json.dumps([{"a": [[]] * 1_025}]),
        json.dumps({str(n): n for n in range(1_025)}),
    ],
)
def test_f20_body_is_refused_when_it_is_no_json_or_too_deep_or_wide(
    context: Callable[..., Context], body: str
) -> None:
    hostile = context(body)
    for _ in range(2):
        with pytest.raises(BadRequestError):
            _ = hostile.body
    assert hostile.message_ref is None


@pytest.mark.parametrize(
    "value",
    [
        1e308,
        -1.7e308,
        10**400,
        "1e999",
        "\U0001f600",
        [[]] * 1_000,
        json.loads("[" * 15 + "]" * 15),
    ],
)
def test_body_is_taken_when_it_only_looks_hostile(context: Callable[..., Context], value: Any) -> None:
    assert context({"a": value}).body == {"a": value}


@pytest.mark.parametrize("character", ["x", "ü", "€", "\U0001f600"])
def test_f19_body_is_measured_in_bytes_of_utf_8(context: Callable[..., Context], character: str) -> None:
    width = len(character.encode())
    padding = "y" * ((32_768 - 2) % width)
    fitting = f'"{character * ((32_768 - 2) // width)}{padding}"'
    assert len(fitting.encode()) == 32_768
    assert context(fitting).body
    with pytest.raises(TooLargeError):
        _ = context(fitting + " ").body
    assert context(fitting + " ", max_body_bytes=32_769).body


@pytest.mark.parametrize("ref", [0, -1, 2**70, "", "x" * 64, "ü" * 64, None])
def test_message_ref_is_the_clients_id_when_it_can_be_echoed(
    context: Callable[..., Context], ref: Any
) -> None:
    assert context({"id": ref}).message_ref == ref


@pytest.mark.parametrize("ref", [True, 1.5, [], {}, "x" * 65])
def test_body_is_refused_when_its_id_cannot_be_echoed(context: Callable[..., Context], ref: Any) -> None:
    odd = context({"id": ref})
    assert odd.message_ref is None
    with pytest.raises(BadRequestError):
        _ = odd.body


@pytest.mark.parametrize("body", [[1], 1, "text", None])
def test_message_ref_is_none_when_the_body_is_no_object(context: Callable[..., Context], body: Any) -> None:
    assert context(json.dumps(body)).message_ref is None


def test_read_names_fields_and_problems_and_no_values(context: Callable[..., Context]) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        context({"a": [1, "canary"]}).read(TypeAdapter(dict[str, list[int]]))
    assert refused.value.details == {"fields": [{"field": "a.1", "problem": "int_parsing"}]}
    assert "canary" not in f"{refused.value!r}{refused.value.__cause__}"


def test_read_limits_what_it_reports_when_everything_is_wrong(context: Callable[..., Context]) -> None:
    body = {"k" * 1_000: "x"} | {str(number): "x" for number in range(100)}
    with pytest.raises(InvalidMessageError) as refused:
        context(body).read(TypeAdapter(dict[str, int]))
    fields = refused.value.details["fields"]
    assert len(fields) == 16
    assert max(len(problem["field"]) for problem in fields) == 128


def test_time_left_stops_3_seconds_before_lambda_does(context: Callable[..., Context]) -> None:
    remaining = iter([25_000, 2_500])
    lambda_context = SimpleNamespace(get_remaining_time_in_millis=lambda: next(remaining))
    limited = context(lambda_context=lambda_context)
    assert limited.time_left() == 22.0
    assert limited.time_left() == 0.0


def test_time_left_is_long_when_there_is_no_lambda(context: Callable[..., Context]) -> None:
    assert context().time_left() > 3_600
    assert context().get_remaining_time_in_millis() > 3_600_000


def test_context_serves_handlers_written_for_lambdas_context(context: Callable[..., Context]) -> None:
    lambda_context = SimpleNamespace(aws_request_id="lambda-1", get_remaining_time_in_millis=lambda: 5_000)
    assert context(lambda_context=lambda_context).aws_request_id == "lambda-1"
    assert context(lambda_context=lambda_context).get_remaining_time_in_millis() == 5_000
    assert context().aws_request_id == context().request_id == "req-1="
