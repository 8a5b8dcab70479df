"""Facts about which route a message takes: W72-W74.

Covers signalbox.gateway.events.routes, signalbox.gateway.events.selection.
Covers signalbox.gateway.events.strict_json.
"""

import pytest

from signalbox.gateway.config import Config
from signalbox.gateway.errors import ConfigError
from tests.conformance.scripted import ScriptedFunction, connect, running

LIFECYCLE = frozenset({"$connect", "$disconnect"})


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ('{"action":"join"}', "join"),
        ('{"action":"7"}', "7"),
        ('{"action":7}', "7"),
        ('{"action":"unknown"}', "$default"),
        ('{"action":"JOIN"}', "$default"),
        ('{"action":"$connect"}', "$default"),
        ('{"action":["join"]}', "$default"),
        ('{"other":"join"}', "$default"),
        ('["join"]', "$default"),
        ("not json", "$default"),
        ('{"action":"join","n":NaN}', "$default"),
        ("[" * 30_000, "$default"),
        ('{"action":' + "[" * 500 + "]" * 500 + "}", "$default"),
        ("", "$default"),
    ],
)
async def test_w72_w73_route_is_the_action_of_the_body_or_default(message: str, route: str) -> None:
    function = ScriptedFunction()
    routes = LIFECYCLE | {"$default", "join", "7"}
    async with running(function, routes=routes) as gateway, connect(gateway) as client:
        await client.send(message)
        event = await function.next(route)
    assert event["body"] == message
    assert event["requestContext"]["routeKey"] == route


PAYLOAD = '{"service":"chat","action":"join","data":{"room":[{"id":7},true,["a","b"]]}}'


@pytest.mark.parametrize(
    ("expression", "route"),
    [
        ("${request.body.action}", "join"),
        ("$request.body.data.room[0].id", "7"),
        ("${request.body.service}/${request.body.action}", "chat/join"),
        ("$request.body.service-$request.body.action", "chat-join"),
        ("${request.body.action}-${request.body.no.such}", "join-"),
        ("$request.body.data.room[2]", "[a, b]"),
        ("$request.body.data.room[1]", "true"),
        ("always", "always"),
    ],
)
async def test_w72_route_selection_expressions(expression: str, route: str) -> None:
    function = ScriptedFunction()
    routes = LIFECYCLE | {"$default", route}
    async with (
        running(function, routes=routes, route_selection=expression) as gateway,
        connect(gateway) as client,
    ):
        await client.send(PAYLOAD)
        assert (await function.next(route))["body"] == PAYLOAD


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (r"\$default", '{"action":"join"}'),
        (r"\$connect", '{"action":"join"}'),
        ("$request.body.no.such", "{}"),
        ("$request.body.action.deeper", '{"action":"join"}'),
        ("$request.body.action[0]", '{"action":"join"}'),
        ("$request.body.actions[1]", '{"actions":["join"]}'),
        ("$request.body.actions.join", '{"actions":["join"]}'),
        ("join", "not json"),
    ],
)
async def test_w72_w73_w74_what_selects_no_custom_route_goes_to_default(
    expression: str, message: str
) -> None:
    function = ScriptedFunction()
    routes = LIFECYCLE | {"$default", "join"}
    async with (
        running(function, routes=routes, route_selection=expression) as gateway,
        connect(gateway) as client,
    ):
        await client.send(message)
        assert (await function.next("$default"))["body"] == message


async def test_w74_custom_route_key_must_not_begin_with_a_dollar() -> None:
    with pytest.raises(ConfigError, match="route key"):
        Config(routes=LIFECYCLE | {"$mine"})
