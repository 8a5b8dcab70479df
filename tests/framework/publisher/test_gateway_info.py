import json
from collections.abc import Callable

import pytest

from signalbox.publisher import ApiGateway, ConnectionInfo, Failed, Gone
from tests.framework.aws.scripted import Server, answer

Make = Callable[..., ApiGateway]
ID = "R0oXAdfD0kwCH6w="


async def test_w16_instants_are_milliseconds_when_a_connection_is_looked_up(
    server: Server, gateway_to: Make
) -> None:
    identity = {"sourceIp": "192.0.2.1", "userAgent": "browser"}
    info = {
        "connectedAt": "2020-04-30T20:10:33.236Z",
        "identity": identity,
        "lastActiveAt": "2020-04-30T20:10:34Z",
    }
    server.play(answer(200, json.dumps(info).encode()))

    assert await gateway_to(server).info(ID) == ConnectionInfo(
        1_588_277_433_236, 1_588_277_434_000, "192.0.2.1", "browser"
    )
    assert server.requests[0].startswith(b"GET /prod/@connections/R0oXAdfD0kwCH6w%3D ")


async def test_w16_user_agent_is_none_when_the_client_sent_none(server: Server, gateway_to: Make) -> None:
    info = {
        "connectedAt": "2020-04-30T20:10:33Z",
        "identity": {"sourceIp": "::1"},
        "lastActiveAt": "2020-04-30T20:10:33Z",
    }
    server.play(answer(200, json.dumps(info).encode()))

    found = await gateway_to(server).info(ID)

    assert isinstance(found, ConnectionInfo)
    assert found.user_agent is None


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (answer(410), Gone()),
        (answer(429), Failed("Slow", retry=True)),
        (answer(403, x_amzn_ErrorType="ForbiddenException"), Failed("ForbiddenException", retry=False)),
        (answer(200), Failed("InvalidResponseError", retry=True)),
        (answer(200, b"[]"), Failed("InvalidResponseError", retry=True)),
        (
            answer(200, b'{"connectedAt":1,"identity":1,"lastActiveAt":1}'),
            Failed("InvalidResponseError", retry=True),
        ),
    ],
)
async def test_nothing_is_known_when_a_connection_cannot_be_looked_up(
    server: Server, gateway_to: Make, response: bytes, outcome: Gone | Failed
) -> None:
    server.play(response)

    assert await gateway_to(server).info(ID) == outcome
