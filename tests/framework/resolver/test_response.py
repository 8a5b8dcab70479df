"""Covers signalbox.resolver.decimals."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, PlainSerializer

from signalbox.resolver import Accept, Context, NotFoundError, ReplyError, parse_event
from signalbox.resolver.response import answer, refusal

Build = Callable[..., dict[str, Any]]
NOTHING = {"statusCode": 200}


class Pong(BaseModel):
    kind: str = Field("pong", alias="type")
    at: datetime = datetime(2025, 11, 21, tzinfo=UTC)
    ratio: float = float("nan")


class Numbered(BaseModel):
    id: str = "mine"


@dataclass
class Plain:
    a: int = 1


class Score(BaseModel):
    points: Decimal = Field(Decimal("0.7"), alias="p")
    euros: Annotated[Decimal, PlainSerializer(str)] = Decimal("9.90")
    anything: Any = (Decimal(2), "2")


@dataclass
class Prices:
    net: Decimal = Decimal("1.19")


@pytest.fixture
def sent(message: Build) -> Callable[..., Any]:
    """The frame a reply to a message becomes."""

    def send(reply: Any, **body: Any) -> Any:
        result = answer(Context(parse_event(message(body))), reply)
        assert result.keys() == {"statusCode", "body"}
        assert result["statusCode"] == 200
        return json.loads(result["body"])

    return send


def test_w68_no_reply_is_never_null(message: Build) -> None:
    assert answer(Context(parse_event(message({"id": 1}))), None) == NOTHING


@pytest.mark.parametrize("body", [{}, {"id": 7}])
def test_reply_is_json_by_the_names_of_the_wire(sent: Callable[..., Any], body: dict[str, Any]) -> None:
    assert sent(Pong(), **body) == {"type": "pong", "at": "2025-11-21T00:00:00Z", "ratio": None} | body
    assert (
        sent({"a": [float("inf"), (1, 2), {3}], "p": Plain()}, **body)
        == {
            "a": [None, [1, 2], [3]],
            "p": {"a": 1},
        }
        | body
    )


@pytest.mark.parametrize("ref", [0, "x" * 64, ""])
def test_reply_echoes_the_id_when_it_is_an_object_without_one(sent: Callable[..., Any], ref: Any) -> None:
    assert sent({"a": 1}, id=ref) == {"a": 1, "id": ref}
    assert sent(Plain(), id=ref) == {"a": 1, "id": ref}
    assert sent({"id": "mine"}, id=ref) == {"id": "mine"}
    assert sent(Numbered(), id=ref) == {"id": "mine"}


@pytest.mark.parametrize("reply", [[1], "text", 5, True, False, 0, ""])
def test_reply_stays_what_it_is_when_it_is_no_object(sent: Callable[..., Any], reply: Any) -> None:
    assert sent(reply, id=1) == reply


@pytest.mark.parametrize(
    ("decimal", "text"),
    [
        ("3", "3"),
        ("3.00", "3"),
        ("-0", "0"),
        ("1E+3", "1000"),
        ("0.7", "0.7"),
        ("1.10", "1.10"),
        ("-12.5E-20", "-1.25E-19"),
        ("0.1234567890123456789012345678901234567", "0.1234567890123456789012345678901234567"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ("1E+999999", "1E+999999"),
        ("NaN", "null"),
        ("sNaN", "null"),
        ("-Infinity", "null"),
    ],
)
@pytest.mark.parametrize(("body", "tail"), [({}, ""), ({"id": 1}, ',"id":1')])
def test_decimal_is_a_number_with_all_its_digits(
    message: Build, decimal: str, text: str, body: dict[str, Any], tail: str
) -> None:
    result = answer(Context(parse_event(message(body))), {"a": Decimal(decimal)})
    assert result["body"] == f'{{"a":{text}{tail}}}'


@pytest.mark.parametrize("body", [{}, {"id": "7"}])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"a": [Decimal(1), (Decimal("0.5"), "1"), {Decimal(2)}]}, {"a": [1, [0.5, "1"], [2]]}),
        ({"b": {"c": {"d": Decimal(1), "e": "1"}}, "f": "é\n"}, {"b": {"c": {"d": 1, "e": "1"}}, "f": "é\n"}),
        (Score(), {"p": 0.7, "euros": "9.90", "anything": [2, "2"]}),
        ({"s": [Score()]}, {"s": [{"p": 0.7, "euros": "9.90", "anything": [2, "2"]}]}),
        (Prices(), {"net": 1.19}),
        ({Decimal(1): "1"}, {"1": "1"}),
        ({"at": datetime(2025, 11, 21, tzinfo=UTC), "n": Decimal(1)}, {"at": "2025-11-21T00:00:00Z", "n": 1}),
    ],
)
def test_decimal_is_a_number_wherever_it_is_in_a_reply(
    sent: Callable[..., Any], reply: Any, expected: dict[str, Any], body: dict[str, Any]
) -> None:
    assert sent(reply, **body) == expected | body


def test_reply_is_a_number_when_it_is_a_decimal(sent: Callable[..., Any]) -> None:
    assert sent(Decimal("0.7")) == 0.7
    assert sent([Decimal(1)], id=1) == [1]


@pytest.mark.parametrize("text", ["1", "0.7", "NaN", "-Infinity", "1E+3"])
def test_text_stays_a_text_when_it_looks_like_a_decimal(sent: Callable[..., Any], text: str) -> None:
    assert sent({text: text, "list": [text], "generated": (each for each in [text])}, id=text) == {
        text: text,
        "list": [text],
        "generated": [text],
        "id": text,
    }


def test_details_of_an_error_hold_numbers_when_they_are_decimals(message: Build) -> None:
    error = NotFoundError(details={"left": Decimal("0.5")})
    assert json.loads(refusal(Context(parse_event(message({}))), error)["body"])["left"] == 0.5


def test_handlers_own_dict_stays_as_it_was(sent: Callable[..., Any]) -> None:
    reply = {"a": 1}
    sent(reply, id=1)
    assert reply == {"a": 1}


def test_dict_with_a_status_code_passes_through_untouched(message: Build, connect: Build) -> None:
    reply = {"statusCode": 299, "body": "{}", "headers": {"a": "b"}}
    for raw in (message({"id": 1}), connect()):
        assert answer(Context(parse_event(raw)), reply) is reply


@pytest.mark.parametrize("body", [{}, {"id": 1}])
@pytest.mark.parametrize(
    "reply",
    [
        "\ud800",
        {"a": "\ud800"},
        {"a": object()},
        object(),
        b"\xff",
        {"statusCode": 200, "body": "\ud800"},
        {"statusCode": 200, "body": "x" * 131_073},
        "x" * 131_071,
        {"a": "\U0001f600" * 32_768},
    ],
)
def test_reply_is_refused_when_it_cannot_be_sent(message: Build, reply: Any, body: dict[str, Any]) -> None:
    context = Context(parse_event(message(body)))
    with pytest.raises(ReplyError) as refused:
        answer(context, reply)
    assert len(str(refused.value)) < 80


def test_reply_is_refused_when_it_contains_itself(message: Build) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ReplyError):
        answer(Context(parse_event(message())), loop)


def test_w77_largest_reply_is_sent(message: Build) -> None:
    result = answer(Context(parse_event(message())), "x" * 131_070)
    assert len(result["body"].encode()) == 131_072


def test_w57_connection_opens_with_the_subprotocol_chosen(connect: Build) -> None:
    context = Context(parse_event(connect()))
    assert answer(context, Accept("chat.v2", {"X-A": "b"})) == {
        "statusCode": 200,
        "headers": {"X-A": "b", "Sec-WebSocket-Protocol": "chat.v2"},
    }
    assert answer(context, Accept()) == {"statusCode": 200, "headers": {}}


@pytest.mark.parametrize("reply", [None, {"a": 1}, "text", object(), Pong()])
def test_w53_connection_opens_and_the_reply_is_dropped(connect: Build, reply: Any) -> None:
    assert answer(Context(parse_event(connect())), reply) == NOTHING


@pytest.mark.parametrize("subprotocol", ["", "a b", "a,b", "a\r\nX: y", "ü", "a\n"])
def test_subprotocol_is_refused_when_no_header_can_carry_it(subprotocol: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Accept(subprotocol)


@pytest.mark.parametrize("reply", [None, {"statusCode": 500}, Accept("a"), object()])
def test_w60_disconnect_is_always_answered_alike(disconnect: Build, reply: Any) -> None:
    context = Context(parse_event(disconnect()))
    assert answer(context, reply) == NOTHING
    assert refusal(context, NotFoundError()) == NOTHING


def test_error_is_a_frame_of_four_fields_on_messages(message: Build) -> None:
    result = refusal(Context(parse_event(message({}))), NotFoundError("canary"))
    assert result["statusCode"] == 200
    assert json.loads(result["body"]) == {
        "type": "error",
        "code": "not_found",
        "retry": False,
        "request_id": "req-1=",
    }


def test_error_frame_has_the_id_and_the_details_and_details_replace_nothing(message: Build) -> None:
    error = NotFoundError(details={"to": "ada", "code": "mine", "id": "mine", "request_id": "mine"})
    frame = json.loads(refusal(Context(parse_event(message({"id": 5}))), error)["body"])
    assert frame == {
        "type": "error",
        "code": "not_found",
        "retry": False,
        "request_id": "req-1=",
        "id": 5,
        "to": "ada",
    }


def test_error_is_a_status_on_connect(connect: Build) -> None:
    assert refusal(Context(parse_event(connect())), NotFoundError("canary")) == {"statusCode": 404}
