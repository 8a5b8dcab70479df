"""S07 over real sockets: a logout reaches every tab, and a ticket lets one stay."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from signalbox.dev.identity import Identity
from signalbox.dev.run import TABLE
from signalbox.gateway import LocalGateway
from signalbox.realtime.settings import RealtimeSettings
from tests.framework.application import app
from tests.security.conftest import PAGE

PATIENCE = 60


@pytest.fixture
async def tabs(gateway: LocalGateway, identity: Identity) -> AsyncIterator[list[ClientConnection]]:
    """Ann's three, and Bob's one."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                connect(
                    f"{gateway.websocket_url}?ticket={identity.ticket(user, PAGE)}",
                    origin=Origin(PAGE),
                    open_timeout=PATIENCE,
                )
            )
            for user in ("ann", "ann", "ann", "bob")
        ]


async def ask(socket: ClientConnection, **message: Any) -> Any:
    await socket.send(json.dumps(message))
    return json.loads(await socket.recv())


async def test_s07_all_three_tabs_are_told_and_closed_when_their_user_is_logged_out(
    gateway: LocalGateway, identity: Identity, tabs: list[ClientConnection]
) -> None:
    before = identity.token("ann", iat=1_000_000_000)
    settings = {"TABLE_NAME": TABLE, "MANAGEMENT_ENDPOINT": gateway.endpoint, "AWS_REGION": "us-east-1"}
    *anns, bob = tabs
    async with asyncio.timeout(PATIENCE):
        assert {(await ask(each, action="whoami"))["user_id"] for each in anns} == {"ann"}

        closed = await app.publisher(settings=RealtimeSettings.from_environment(settings)).close_user("ann")

        assert closed == 3
        for each in anns:
            end = {"v": 1, "type": "disconnect", "code": "logged_out", "reconnect": False}
            assert json.loads(await each.recv()) == end
            with pytest.raises(ConnectionClosed):
                await each.recv()
        assert (await ask(bob, action="whoami"))["user_id"] == "bob"
        with pytest.raises(InvalidStatus, match="401"):
            await connect(f"{gateway.websocket_url}?token={before}", origin=Origin(PAGE))


async def test_s07_session_is_refreshed_over_a_real_socket(
    gateway: LocalGateway, identity: Identity, tabs: list[ClientConnection]
) -> None:
    async with asyncio.timeout(PATIENCE):
        answer = await ask(tabs[0], action="auth.refresh", ticket=identity.ticket("ann", PAGE))
        refused = await ask(tabs[0], action="auth.refresh", ticket=identity.ticket("bob", PAGE))

    assert answer["type"] == "auth.refreshed"
    assert refused["code"] == "unauthorized"
