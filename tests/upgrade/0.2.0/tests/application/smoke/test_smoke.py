"""What a client asks of any backend of ours: of the local run, or with SMOKE_URL of a deployed stage.

`make smoke URL=wss://…` sets it; credentials and a name may be in its query. SMOKE_ORIGIN is the page to come
from, of those the stage allows.
"""

import asyncio
import json
import os
import secrets
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

PATIENCE = 30
ORIGIN = Origin(os.environ.get("SMOKE_ORIGIN", "http://localhost:8000"))
TOO_LARGE, BINARY = 1_009, 1_003


@pytest.fixture(scope="session")
def url(request: pytest.FixtureRequest) -> str:
    deployed = os.environ.get("SMOKE_URL")
    return deployed or str(request.getfixturevalue("local_run").websocket_url)


def join(url: str) -> connect:
    return connect(url, origin=ORIGIN, open_timeout=PATIENCE)


async def ask(connection: ClientConnection, text: str | bytes) -> dict[str, Any]:
    await connection.send(text)
    return await hear(connection)


async def hear(connection: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        frame: dict[str, Any] = json.loads(await connection.recv())
    return frame


async def test_backend_answers_when_asked_for_a_sign_of_life(url: str) -> None:
    async with join(url) as ann:
        pong = await ask(ann, '{"action": "ping", "id": 7}')

    assert (pong["type"], pong["id"], pong["v"]) == ("pong", 7, 1)


async def test_message_arrives_when_sent_to_somebody(url: str) -> None:
    data = secrets.token_hex(8)
    async with join(url) as ann, join(url) as bob:
        who = await ask(bob, '{"action": "whoami"}')
        sent = await ask(ann, json.dumps({"action": "direct.send", "to": who["user_id"], "data": data}))
        heard = await hear(bob)

    assert sent["sent"] >= 1
    assert heard["data"] == data


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_request"),
        ("", "bad_request"),
        ('{"action": "no.such.thing"}', "unknown_route"),
        ('{"action": "direct.send"}', "invalid_message"),
    ],
)
async def test_error_says_what_is_wrong_when_the_message_is(url: str, text: str, code: str) -> None:
    async with join(url) as ann:
        refused = await ask(ann, text)

    assert (refused["type"], refused["code"], refused["retry"]) == ("error", code, False)


@pytest.mark.parametrize(("message", "code"), [("x" * 32_769, TOO_LARGE), (b"\x00", BINARY)])
async def test_gateway_closes_when_a_frame_is_none_it_takes(
    url: str, message: str | bytes, code: int
) -> None:
    async with join(url) as ann:
        with pytest.raises(ConnectionClosed) as closed:
            await ask(ann, message)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
