"""Facts about the authorizer in front of `$connect`: W45, W54, W56, W84-W88.

Covers signalbox.gateway.authorizer.identity_source, signalbox.gateway.authorizer.policy.
"""

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from signalbox.gateway.config import Config, Limits
from signalbox.gateway.errors import ConfigError
from signalbox.gateway.gateway import Gateway
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result
from signalbox.gateway.stage import Stage
from tests.conformance.scripted import (
    RAISED,
    Event,
    Script,
    ScriptedFunction,
    answer,
    connect,
    echo,
    never,
    running,
)

ARN = "arn:aws:execute-api:us-east-1:000000000000:signalbox0/local/$connect"


def statement(effect: str = "Allow", action: object = "execute-api:Invoke", resource: object = ARN) -> Event:
    """One statement of a policy."""
    return {"Effect": effect, "Action": action, "Resource": resource}


def permit(*statements: object, **more: Any) -> Answer:
    """What an authorizer returns; without statements, one that allows the request."""
    policy = {"Version": "2012-10-17", "Statement": list(statements or [statement()])}
    return answer(**{"principalId": "ann", "policyDocument": policy, **more})


async def try_to_connect(gateway: Gateway, query: str = "", **options: Any) -> int:
    """The status of a handshake."""
    try:
        async with connect(gateway, query, **options):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


async def status_of(script: Script, limits: Limits | None = None) -> int:
    """The status of a handshake with an authorizer that does as it is told."""
    function, authorizer = ScriptedFunction(), ScriptedFunction({"$connect": script})
    async with running(function, limits=limits, authorize=authorizer) as gateway:
        status = await try_to_connect(gateway)
    assert ("$connect" in function.routes()) == (status == 101)
    return status


async def test_w84_authorizer_event() -> None:
    authorizer = ScriptedFunction({"$connect": permit()})
    function = ScriptedFunction()
    async with running(function, authorize=authorizer) as gateway:
        assert await try_to_connect(gateway) == 101
    event, connected = authorizer.events[0], function.events[0]
    assert list(event) == [
        "type",
        "methodArn",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "stageVariables",
        "requestContext",
    ]
    assert (event["type"], event["methodArn"]) == ("REQUEST", ARN)
    assert event["queryStringParameters"] == event["stageVariables"] == {}
    between_hops = {"Connection": "upgrade", "Upgrade": "websocket", "content-length": "0"}
    assert event["headers"].items() >= between_hops.items()
    assert set(event["headers"]) == set(connected["headers"]) | set(between_hops)
    assert list(event["headers"]) == sorted(event["headers"], key=str.lower)
    context = event["requestContext"]
    assert set(context) == set(connected["requestContext"]) - {"authorizer"}
    assert context["connectionId"] == connected["requestContext"]["connectionId"]


async def test_w84_authorizer_event_has_query_and_stage_variables() -> None:
    authorizer = ScriptedFunction({"$connect": permit()})
    async with running(ScriptedFunction(), authorize=authorizer, stage_variables={"table": "dev"}) as gateway:
        await try_to_connect(gateway, "?a=1&a=2")
    event = authorizer.events[0]
    assert event["queryStringParameters"] == {"a": "2"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert event["stageVariables"] == {"table": "dev"}


SOURCES = (
    "route.request.header.X-Token",
    "route.request.querystring.token",
    "context.identity.sourceIp",
    "stageVariables.table",
)


@pytest.mark.parametrize(
    ("source", "query", "headers", "status"),
    [
        (SOURCES[0], "", {"x-token": "t"}, 101),
        (SOURCES[0], "", {"x-token": ""}, 401),
        (SOURCES[0], "", {}, 401),
        (SOURCES[1], "?token=t", {}, 101),
        (SOURCES[1], "?token=", {}, 401),
        (SOURCES[1], "?Token=t", {}, 401),
        (SOURCES[1], "", {}, 401),
        (SOURCES[2], "", {}, 101),
        (SOURCES[3], "", {}, 101),
        ("context.identity.user", "", {}, 401),
        ("context.stage.deeper", "", {}, 401),
        ("stageVariables.other", "", {}, 401),
    ],
)
async def test_w54_w85_handshake_is_401_without_asking_when_an_identity_source_is_empty(
    source: str, query: str, headers: dict[str, str], status: int
) -> None:
    function, authorizer = ScriptedFunction(), ScriptedFunction({"$connect": permit()})
    async with running(
        function, authorize=authorizer, identity_sources=(source,), stage_variables={"table": "dev"}
    ) as gateway:
        assert await try_to_connect(gateway, query, additional_headers=headers) == status
    assert bool(authorizer.events) == (status == 101)
    assert bool(function.events) == (status == 101)


async def test_w85_every_identity_source_must_be_filled() -> None:
    authorizer = ScriptedFunction({"$connect": permit()})
    async with running(ScriptedFunction(), authorize=authorizer, identity_sources=SOURCES[:2]) as gateway:
        assert await try_to_connect(gateway, "?token=t") == 401
        assert await try_to_connect(gateway, additional_headers={"X-Token": "t"}) == 401
        assert await try_to_connect(gateway, "?token=t", additional_headers={"X-Token": "t"}) == 101
    assert len(authorizer.events) == 1


async def test_w54_authorizer_that_fails_with_unauthorized_is_401() -> None:
    assert await status_of(Failure("error", "Exception", unauthorized=True)) == 401


@pytest.mark.parametrize("failure", [RAISED, Failure("timeout", "x"), Failure("crashed", "x")])
async def test_w54_authorizer_that_fails_in_another_way_is_500(failure: Failure) -> None:
    assert await status_of(failure) == 500


async def test_w54_authorizer_that_takes_too_long_is_500() -> None:
    assert await status_of(never, Limits(integration_timeout=0.01)) == 500


INVALID = {
    "null": Answer(b"null"),
    "not json": Answer(b"Unauthorized"),
    "no principal": permit(principalId=None),
    "no policy": permit(policyDocument=None),
    "policy as text": permit(policyDocument="Allow"),
    "no statement": permit(policyDocument={}),
    "empty statement": permit(policyDocument={"Statement": []}),
    "no effect": permit({"Action": "*", "Resource": "*"}),
    "other effect": permit(statement("allow")),
    "no resource": permit({"Effect": "Allow", "Action": "*"}),
    "action as number": permit(statement(action=[7])),
    "context as list": permit(context=["a"]),
    "context with an object": permit(context={"a": {}}),
    "context with null": permit(context={"a": None}),
    "over 8 KB": permit(context={"a": "x" * 8_192}),
}


@pytest.mark.parametrize("result", INVALID.values(), ids=INVALID.keys())
async def test_w54_w87_invalid_answer_of_an_authorizer_is_500(result: Result) -> None:
    assert await status_of(result) == 500


PREFIX = "arn:aws:execute-api:us-east-1:000000000000:signalbox0"
POLICIES = {
    "exact": (101, [statement()]),
    "everything": (101, [statement(action="*", resource="*")]),
    "any action of the service": (101, [statement(action="execute-api:*")]),
    "action in another case": (101, [statement(action="EXECUTE-API:invoke")]),
    "any route": (101, [statement(resource=f"{PREFIX}/local/*")]),
    "one unknown character": (101, [statement(resource=f"{PREFIX}/loc?l/$connect")]),
    "one of several": (101, [statement(resource=["x", ARN])]),
    "second statement": (101, [statement(resource="x"), statement()]),
    "all but another": (101, [{"Effect": "Allow", "NotAction": "x", "NotResource": "y"}]),
    "denied": (403, [statement("Deny")]),
    "allowed and denied": (403, [statement(), statement("Deny", resource="*")]),
    "other action": (403, [statement(action="execute-api:ManageConnections")]),
    "other stage": (403, [statement(resource=f"{PREFIX}/prod/$connect")]),
    "resource in another case": (403, [statement(resource=ARN.upper())]),
    "a pattern is no expression": (403, [statement(resource=".+")]),
    "all but this": (403, [{"Effect": "Allow", "Action": "*", "NotResource": ARN}]),
    "allowed under a condition": (403, [{**statement(), "Condition": {"Bool": {"a": "true"}}}]),
    "denied under a condition": (403, [statement(), {**statement("Deny"), "Condition": {"Bool": {}}}]),
}


@pytest.mark.parametrize(("status", "statements"), POLICIES.values(), ids=POLICIES.keys())
async def test_w54_w87_policy_decides(status: int, statements: list[Event]) -> None:
    assert await status_of(permit(*statements)) == status


async def test_w87_one_statement_needs_no_list() -> None:
    assert await status_of(permit(policyDocument={"Statement": statement()})) == 101


async def test_w45_context_of_the_authorizer_is_in_every_event() -> None:
    context = {"name": "Ann", "age": 7, "half": 0.5, "admin": True, "principalId": "forged"}
    authorizer = ScriptedFunction({"$connect": permit(context=context)})
    function = ScriptedFunction({"$default": echo})
    async with running(function, authorize=authorizer) as gateway:
        async with connect(gateway) as client:
            await client.send("hello")
            await client.recv()
        await function.next("$disconnect")
    said = [event["requestContext"]["authorizer"] for event in function.events]
    assert len(said) == 3
    for entries in said:
        latency = entries.pop("integrationLatency")
        assert type(latency) is int
        assert entries == {"name": "Ann", "age": "7", "half": "0.5", "admin": "true", "principalId": "ann"}
    keys = list(function.events[1]["requestContext"])
    assert keys[:4] == ["routeKey", "messageId", "authorizer", "eventType"]


async def test_w45_events_have_no_authorizer_when_the_api_has_none() -> None:
    function = ScriptedFunction()
    async with running(function) as gateway:
        await try_to_connect(gateway)
        event = await function.next("$disconnect")
    assert "authorizer" not in event["requestContext"]


async def test_w56_w86_authorizer_is_asked_once_for_each_handshake_and_never_for_messages() -> None:
    authorizer = ScriptedFunction({"$connect": permit()})
    function = ScriptedFunction({"$default": echo})
    async with running(function, authorize=authorizer) as gateway:
        for number in (1, 2):
            async with connect(gateway) as client:
                await client.send("hello")
                await client.recv()
            assert len(authorizer.events) == number


async def test_w88_open_connections_outlive_a_change_of_the_authorizer() -> None:
    authorizer = ScriptedFunction({"$connect": permit()})
    function = ScriptedFunction({"$default": echo})
    async with (
        running(function, authorize=authorizer) as gateway,
        connect(gateway) as client,
    ):
        authorizer.scripts["$connect"] = permit(statement("Deny"))
        assert await try_to_connect(gateway) == 403
        await client.send("still here")
        assert await client.recv() == "still here"


async def test_w54_connect_is_asked_after_the_authorizer_and_may_still_refuse() -> None:
    authorizer = ScriptedFunction({"$connect": permit()})
    function = ScriptedFunction({"$connect": answer(statusCode=418)})
    async with running(function, authorize=authorizer) as gateway:
        assert await try_to_connect(gateway) == 418


async def test_w54_nobody_is_let_in_because_the_authorizer_is_not_there_to_be_asked() -> None:
    with pytest.raises(ConfigError, match="needs both its setting and its target"):
        Stage.of(Config(authorizer="a.b"), ScriptedFunction())


async def test_w56_authorizer_needs_the_connect_route() -> None:
    with pytest.raises(ConfigError, match=r"needs the route \$connect"):
        Config(authorizer="a.b", routes=frozenset({"$default"}))
