import base64
from collections.abc import Callable
from typing import Any

import pytest

from signalbox.resolver import ConnectEvent, DisconnectEvent, MalformedEventError, MessageEvent, parse_event

Build = Callable[..., dict[str, Any]]


def test_connect_event_carries_everything_when_the_client_sent_everything(connect: Build) -> None:
    raw = connect(headers={"Host": "h", "X-Token": "t"}, authorizer={"principalId": "ada"}) | {
        "queryStringParameters": {"name": "Ada"},
        "multiValueQueryStringParameters": {"name": ["Bob", "Ada"]},
    }
    event = parse_event(raw)
    assert isinstance(event, ConnectEvent)
    assert (event.connection_id, event.request_id, event.route_key) == ("conn-1=", "req-1=", "$connect")
    assert (event.stage, event.api_id) == ("prod", "abc")
    assert event.domain_name == "abc.execute-api.eu-west-1.amazonaws.com"
    assert (event.connected_at, event.requested_at) == (1_763_719_200_000, 1_763_719_200_008)
    assert (event.source_ip, event.user_agent) == ("192.0.2.7", "a browser")
    assert event.authorizer == {"principalId": "ada"}
    assert event.query == {"name": "Ada"}
    assert event.multi_query == {"name": ["Bob", "Ada"]}
    assert event.raw is raw


def test_w57_headers_are_found_when_their_case_differs(connect: Build) -> None:
    event = parse_event(connect(headers={"X-ToKeN": "t"}))
    assert isinstance(event, ConnectEvent)
    assert event.headers["x-token"] == event.headers["X-TOKEN"] == "t"
    assert event.multi_headers["x-token"] == ["t"]
    assert "x-missing" not in event.headers
    assert list(event.headers) == ["X-ToKeN"]
    assert len(event.headers) == 1


def test_w33_query_is_empty_when_absent(connect: Build) -> None:
    event = parse_event(connect())
    assert isinstance(event, ConnectEvent)
    assert (event.query, event.multi_query, event.authorizer) == ({}, {}, {})


def test_w43_user_agent_is_none_when_the_client_sent_none(connect: Build) -> None:
    assert parse_event(connect(identity={"sourceIp": "192.0.2.7"})).user_agent is None


@pytest.mark.parametrize(
    ("lines", "offered"),
    [
        ([], ()),
        (["chat, json.v2"], ("chat", "json.v2")),
        (["chat", " json"], ("chat", "json")),
        (["chat,,a b, x\r\ny, ü"], ("chat",)),
    ],
)
def test_subprotocols_are_tokens_when_offered(
    connect: Build, lines: list[str], offered: tuple[str, ...]
) -> None:
    raw = connect()
    raw["multiValueHeaders"]["sec-websocket-protocol"] = lines
    event = parse_event(raw)
    assert isinstance(event, ConnectEvent)
    assert event.subprotocols == offered


def test_subprotocols_are_read_when_only_single_headers_came(connect: Build) -> None:
    raw = connect(headers={"Sec-WebSocket-Protocol": "chat"})
    del raw["multiValueHeaders"]
    event = parse_event(raw)
    assert isinstance(event, ConnectEvent)
    assert event.subprotocols == ("chat",)


def test_message_event_keeps_its_body_verbatim(message: Build) -> None:
    event = parse_event(message('{"a":\r\n\t1}'))
    assert isinstance(event, MessageEvent)
    assert (event.message_id, event.body) == ("msg-1=", '{"a":\r\n\t1}')


@pytest.mark.parametrize("absent", [None, "missing"])
def test_w73_message_body_is_empty_when_absent(message: Build, absent: str | None) -> None:
    raw = message()
    if absent:
        del raw["body"]
    else:
        raw["body"] = None
    event = parse_event(raw)
    assert isinstance(event, MessageEvent)
    assert event.body == ""


def test_message_body_is_decoded_when_it_is_base64(message: Build) -> None:
    raw = message(base64.b64encode("grüße".encode()).decode()) | {"isBase64Encoded": True}
    event = parse_event(raw)
    assert isinstance(event, MessageEvent)
    assert event.body == "grüße"


@pytest.mark.parametrize("body", ["*", base64.b64encode(b"\xff").decode()])
def test_event_is_malformed_when_base64_holds_no_text(message: Build, body: str) -> None:
    with pytest.raises(MalformedEventError, match="base64"):
        parse_event(message(body) | {"isBase64Encoded": True})


def test_w61_disconnect_event_carries_code_and_reason(disconnect: Build) -> None:
    event = parse_event(disconnect())
    assert isinstance(event, DisconnectEvent)
    assert (event.code, event.reason) == (1005, "Client-side close frame status not set")


@pytest.mark.parametrize("code", [None, -1])
def test_disconnect_code_is_none_when_unknown(disconnect: Build, code: int | None) -> None:
    event = parse_event(disconnect(disconnectStatusCode=code, disconnectReason=None))
    assert isinstance(event, DisconnectEvent)
    assert (event.code, event.reason) == (None, "")


def test_disconnect_code_is_none_when_missing(disconnect: Build) -> None:
    raw = disconnect()
    del raw["requestContext"]["disconnectStatusCode"], raw["requestContext"]["disconnectReason"]
    event = parse_event(raw)
    assert isinstance(event, DisconnectEvent)
    assert (event.code, event.reason) == (None, "")


def test_unknown_keys_are_ignored_and_extended_request_id_may_be_missing(message: Build) -> None:
    raw = message(accountId="1", newThing={"a": 1}) | {"stageVariables": {"x": "y"}}
    del raw["requestContext"]["extendedRequestId"]
    assert parse_event(raw).connection_id == "conn-1="


@pytest.mark.parametrize("raw", [None, [], "event", 7, {}, {"requestContext": None}, {"requestContext": []}])
def test_event_is_malformed_when_it_is_no_event_at_all(raw: Any) -> None:
    with pytest.raises(MalformedEventError):
        parse_event(raw)


@pytest.mark.parametrize("kind", [None, "", "connect", "HTTP", 1, ["CONNECT"], {"a": 1}])
def test_event_is_malformed_when_its_type_is_unknown(message: Build, kind: Any) -> None:
    with pytest.raises(MalformedEventError, match="eventType"):
        parse_event(message(eventType=kind))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("connectionId", None),
        ("connectionId", ""),
        ("connectionId", 5),
        ("requestId", None),
        ("routeKey", []),
        ("stage", None),
        ("domainName", {}),
        ("apiId", 1),
        ("messageId", None),
        ("connectedAt", "1763719200000"),
        ("connectedAt", True),
        ("requestTimeEpoch", None),
        ("requestTimeEpoch", 1.5),
        ("identity", None),
        ("identity", {"sourceIp": 1}),
        ("identity", {"sourceIp": "192.0.2.7", "userAgent": 1}),
        ("authorizer", "ada"),
    ],
)
def test_event_is_malformed_when_a_value_has_the_wrong_type(message: Build, key: str, value: Any) -> None:
    with pytest.raises(MalformedEventError) as refused:
        parse_event(message(**{key: value}))
    assert len(str(refused.value)) < 80


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("headers", []),
        ("headers", {"a": 1}),
        ("multiValueHeaders", {"a": "b"}),
        ("multiValueHeaders", {"a": [1]}),
        ("queryStringParameters", "a=b"),
        ("multiValueQueryStringParameters", {"a": None}),
    ],
)
def test_connect_event_is_malformed_when_a_value_has_the_wrong_type(
    connect: Build, key: str, value: Any
) -> None:
    with pytest.raises(MalformedEventError, match=key):
        parse_event(connect() | {key: value})


def test_event_is_malformed_when_its_body_is_no_text(message: Build) -> None:
    with pytest.raises(MalformedEventError, match="body"):
        parse_event(message() | {"body": {"a": 1}})


def test_disconnect_event_is_malformed_when_its_code_is_no_integer(disconnect: Build) -> None:
    with pytest.raises(MalformedEventError, match="disconnectStatusCode"):
        parse_event(disconnect(disconnectStatusCode="1005"))


def test_s14_contents_stay_out_of_a_repr(message: Build, connect: Build, disconnect: Build) -> None:
    secret = "canary"
    for raw in (
        message({"password": secret}, authorizer={"token": secret}),
        connect(headers={"Cookie": secret}) | {"queryStringParameters": {"ticket": secret}},
        disconnect(disconnectReason=secret),
    ):
        assert secret not in repr(parse_event(raw))
