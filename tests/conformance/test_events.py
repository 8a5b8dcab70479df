"""Facts about the events a function gets: W33-W36, W38-W46."""

import asyncio
import re
from datetime import datetime
from typing import Any

from tests.conformance.scripted import NOON, OK, Clock, Event, ScriptedFunction, connect, running

ID = re.compile(r"[A-Za-z0-9_-]{15}=")
CONTEXT = [
    "routeKey",
    "eventType",
    "extendedRequestId",
    "requestTime",
    "messageDirection",
    "stage",
    "connectedAt",
    "requestTimeEpoch",
    "identity",
    "requestId",
    "domainName",
    "connectionId",
    "apiId",
]


async def talk(query: str = "", said: str = "hello\r\n\t", **options: Any) -> list[Event]:
    """The three events of a short conversation."""
    function = ScriptedFunction()
    async with running(function) as gateway:
        async with connect(gateway, query, **options) as client:
            await client.send(said)
            await function.next("$default")
        await function.next("$disconnect")
    return function.events


async def test_w33_connect_event_has_no_query_keys_when_there_is_no_query() -> None:
    event, *_ = await talk()
    assert list(event) == ["headers", "multiValueHeaders", "requestContext", "isBase64Encoded"]
    assert event["isBase64Encoded"] is False


async def test_w33_connect_event_has_both_query_keys_when_there_is_a_query() -> None:
    event, *_ = await talk("?name=Ann")
    assert list(event)[2:4] == ["queryStringParameters", "multiValueQueryStringParameters"]


async def test_w33_w34_w35_events_have_stage_variables_only_when_the_stage_has_some() -> None:
    assert all("stageVariables" not in event for event in await talk())
    function = ScriptedFunction()
    async with running(function, stage_variables={"table": "dev"}) as gateway:
        async with connect(gateway) as client:
            await client.send("hello")
        await function.next("$disconnect")
    assert [event["stageVariables"] for event in function.events] == [{"table": "dev"}] * 3


async def test_w34_message_event_is_context_and_verbatim_body() -> None:
    _, event, _ = await talk(said="one\r\n\ttwo \u00e4\U0001f600")
    assert list(event) == ["requestContext", "body", "isBase64Encoded"]
    assert event["body"] == "one\r\n\ttwo \u00e4\U0001f600"


async def test_w35_disconnect_event_has_four_headers_and_nothing_else() -> None:
    *_, event = await talk()
    assert list(event) == ["headers", "multiValueHeaders", "requestContext", "isBase64Encoded"]
    host = event["requestContext"]["domainName"]
    assert event["headers"] == {"Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}


async def test_w36_context_has_these_keys_in_this_order() -> None:
    connected, message, disconnected = [list(event["requestContext"]) for event in await talk()]
    assert connected == CONTEXT
    assert message == [CONTEXT[0], "messageId", *CONTEXT[1:]]
    direction = CONTEXT.index("messageDirection") + 1
    with_reason = [*CONTEXT[1:direction], "disconnectReason", *CONTEXT[direction:]]
    assert disconnected == ["routeKey", "disconnectStatusCode", *with_reason]


async def test_w37_request_id_is_repeated_as_extended_and_new_per_event() -> None:
    contexts = [event["requestContext"] for event in await talk()]
    assert all(context["requestId"] == context["extendedRequestId"] for context in contexts)
    assert len({context["requestId"] for context in contexts}) == 3


async def test_w38_times_are_milliseconds_and_messages_come_after_their_connection() -> None:
    connected, message, disconnected = [event["requestContext"] for event in await talk()]
    for context in (connected, message, disconnected):
        moment = datetime.strptime(context["requestTime"], "%d/%b/%Y:%H:%M:%S %z")
        assert moment.timestamp() == context["requestTimeEpoch"] // 1000
    assert connected["connectedAt"] == message["connectedAt"] == disconnected["connectedAt"]
    assert connected["connectedAt"] <= connected["requestTimeEpoch"]
    assert connected["connectedAt"] < message["requestTimeEpoch"]


async def test_w38_request_time_follows_the_clock() -> None:
    clock, function = Clock(), ScriptedFunction()
    async with running(function, now=clock) as gateway, connect(gateway) as client:
        connected = (await function.next("$connect"))["requestContext"]
        assert connected["connectedAt"] == connected["requestTimeEpoch"] == NOON
        assert connected["requestTime"] == "14/Nov/2023:22:13:20 +0000"
        clock.now += 61_000
        await client.send("later")
        context = (await function.next("$default"))["requestContext"]
    assert context["requestTimeEpoch"] == NOON + 61_000
    assert context["requestTime"] == "14/Nov/2023:22:14:21 +0000"


async def test_w39_ids_have_sixteen_characters_and_end_in_one_equals_sign() -> None:
    for event in await talk():
        context = event["requestContext"]
        assert ID.fullmatch(context["connectionId"])
        assert ID.fullmatch(context["requestId"])


async def test_w39_message_id_ends_in_the_bytes_of_the_connection_id() -> None:
    _, message, _ = await talk()
    context = message["requestContext"]
    assert ID.fullmatch(context["messageId"])
    assert context["messageId"][-4:] == context["connectionId"][-4:]


async def test_w40_message_id_differs_from_request_id_and_route_key_is_the_matched_one() -> None:
    connected, message, disconnected = [
        event["requestContext"] for event in await talk(said='{"action":"unknown"}')
    ]
    assert message["messageId"] != message["requestId"]
    assert message["routeKey"] == "$default"
    assert "messageId" not in connected
    assert "messageId" not in disconnected


async def test_w41_connect_headers_are_the_clients_and_the_gateways_sorted() -> None:
    event, *_ = await talk(
        subprotocols=["chat"],
        additional_headers={"x-Odd-Casing": "kept", "X-Forwarded-For": "192.0.2.1", "A": "first"},
    )
    names = list(event["headers"])
    assert names == sorted(names, key=str.lower)
    assert event["headers"]["x-Odd-Casing"] == "kept"
    assert event["headers"]["X-Forwarded-For"] == event["requestContext"]["identity"]["sourceIp"]
    assert event["headers"]["X-Forwarded-Port"] == "443"
    assert event["headers"]["X-Forwarded-Proto"] == "https"
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", event["headers"]["X-Amzn-Trace-Id"])
    assert event["headers"]["Sec-WebSocket-Protocol"] == "chat"
    assert {"Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version"} < set(names)
    assert not {"connection", "upgrade", "content-length"} & {name.lower() for name in names}


async def test_w41_repeated_header_is_listed_and_its_last_value_wins() -> None:
    event, *_ = await talk(additional_headers=[("X-Many", "one"), ("x-many", "two")])
    assert event["headers"]["X-Many"] == "two"
    assert event["multiValueHeaders"]["X-Many"] == ["one", "two"]


async def test_w42_user_information_of_the_url_arrives_as_authorization() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway, userinfo="david:1234@"):
        event = await function.next("$connect")
    assert event["headers"]["Authorization"] == "Basic ZGF2aWQ6MTIzNA=="


async def test_w43_identity_has_a_user_agent_only_when_the_client_sent_one() -> None:
    for event in await talk(user_agent_header="test/1"):
        assert event["requestContext"]["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "test/1"}
    for event in await talk(user_agent_header=None):
        assert event["requestContext"]["identity"] == {"sourceIp": "127.0.0.1"}


async def test_w44_last_value_of_a_repeated_query_key_wins() -> None:
    event, *_ = await talk("?a=1&b=x%20y&a=2&empty=")
    assert event["queryStringParameters"] == {"a": "2", "b": "x y", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["x y"], "empty": [""]}


async def test_w80_messages_of_one_connection_are_invoked_concurrently() -> None:
    released = asyncio.Event()

    async def wait(event: Event) -> Any:
        await released.wait()
        return OK

    function = ScriptedFunction({"$default": wait})
    async with running(function) as gateway, connect(gateway) as client:
        await client.send("first")
        await client.send("second")
        assert {(await function.next("$default"))["body"] for _ in range(2)} == {"first", "second"}
        released.set()
