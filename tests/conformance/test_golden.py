"""Golden events: Powertools' models accept them, with exactly API Gateway's keys: W33-W36, W43, W45, W46."""

from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
)
from pydantic import BaseModel

from tests.conformance.scripted import Event, ScriptedFunction, answer, ask, connect, echo, running

MODELS: list[type[BaseModel]] = [
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketMessageEventModel,
    APIGatewayWebSocketDisconnectEventModel,
]
HEADERS = {"headers", "multiValueHeaders"}
QUERY = {"queryStringParameters", "multiValueQueryStringParameters"}
ALWAYS = {"requestContext", "isBase64Encoded"}
TOP = [ALWAYS | HEADERS, ALWAYS | {"body"}, ALWAYS | HEADERS]
CONTEXT = {
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
}
CONTEXTS = [CONTEXT, CONTEXT | {"messageId"}, CONTEXT | {"disconnectStatusCode", "disconnectReason"}]
DOCUMENT = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def nulls(value: Any) -> Iterator[str]:
    """The keys of all that is null, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (key,) if inner is None else nulls(inner)


async def conversation(query: str = "", agent: str | None = "test/1", **config: Any) -> list[Event]:
    """CONNECT, MESSAGE and DISCONNECT."""
    function = ScriptedFunction({"$default": echo})
    async with running(function, **config) as gateway:
        async with connect(gateway, query, user_agent_header=agent) as client:
            await ask(client, "hello")
        await function.next("$disconnect")
    return function.events


def assert_golden(events: list[Event], *, more: list[set[str]], context: set[str]) -> None:
    """Every model accepts its event; the keys are the usual ones and those that are to be more."""
    for event, model, top, special, added in zip(events, MODELS, TOP, CONTEXTS, more, strict=True):
        model.model_validate(event)
        assert set(event) == top | added
        assert set(event["requestContext"]) == special | context
        assert not list(nulls(event))


async def test_w33_w34_w35_w36_barest_events_are_golden() -> None:
    events = await conversation(agent=None)
    assert_golden(events, more=[set(), set(), set()], context=set())
    assert {tuple(event["requestContext"]["identity"]) for event in events} == {("sourceIp",)}


async def test_w33_w36_w43_w45_fullest_events_are_golden() -> None:
    authorizer = ScriptedFunction({"$connect": answer(principalId="ann", policyDocument=DOCUMENT)})
    events = await conversation("?a=1", stage_variables={"table": "dev"}, authorize=authorizer)
    variables = {"stageVariables"}
    assert_golden(events, more=[variables | QUERY, variables, variables], context={"authorizer"})
    for event in events:
        assert set(event["requestContext"]["identity"]) == {"sourceIp", "userAgent"}
        assert set(event["requestContext"]["authorizer"]) == {"principalId", "integrationLatency"}


@pytest.mark.parametrize("body", ["", "plain", '{"a":null}', "\u00e4\U0001f600\x00"])
async def test_w34_w46_message_event_is_golden_whatever_was_said(body: str) -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway) as client:
        await client.send(body)
        event = await function.next("$default")
    APIGatewayWebSocketMessageEventModel.model_validate(event)
    assert event["body"] == body
    assert event["isBase64Encoded"] is False
