"""What meets a handshake that is still under way."""

import asyncio
import json
import logging
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from signalbox.gateway import LocalGateway
from tests.local.request_reply import ask

PATIENCE = 60.0

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def people(client: ClientConnection) -> set[str]:
    """The names of everybody connected."""
    page = await ask(client, action="who")
    return {person["name"] for person in page["people"]}


async def wait_until(client: ClientConnection, wanted: set[str]) -> None:
    """Ask until exactly those are connected."""
    while await people(client) != wanted:
        pass


async def message(client: ClientConnection) -> object:
    """What the next message to `client` says."""
    return json.loads(await client.recv())["data"]


async def test_newcomer_keeps_its_row_when_a_broadcast_overtakes_its_handshake(
    gateway: LocalGateway, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "signalbox.gateway")
    missed = tmp_path / "missed"
    async with asyncio.timeout(PATIENCE), connect(f"{gateway.websocket_url}?name=old") as old:
        # Its row is written; the upgrade is held until the first try has failed.
        opening = connect(f"{gateway.websocket_url}?name=new&until={missed}")
        opened = asyncio.create_task(opening.__aenter__())
        await wait_until(old, {"old", "new"})

        caplog.clear()
        asked = asyncio.create_task(ask(old, action="broadcast", data="first"))
        while "410 GoneException" not in caplog.text:  # noqa: ASYNC110 - a log sets no event
            await asyncio.sleep(0.01)
        missed.touch()

        first, new = await asked, await opened
        assert (first["recipients"], first["gone"]) == (2, 0)
        assert await message(new) == "first"  # by the second try, after the handshake
        await ask(old, action="broadcast", data="second")
        assert await message(new) == "second"
        assert await people(old) == {"old", "new"}
        await new.close()


async def test_row_goes_when_a_client_leaves_during_connect(gateway: LocalGateway, tmp_path: Path) -> None:
    left = tmp_path / "left"
    async with asyncio.timeout(PATIENCE), connect(f"{gateway.websocket_url}?name=old") as old:
        opening = connect(f"{gateway.websocket_url}?name=new&until={left}")
        leaving = asyncio.create_task(opening.__aenter__())
        await wait_until(old, {"old", "new"})

        leaving.cancel()
        await asyncio.wait({leaving})
        left.touch()

        await wait_until(old, {"old"})


@pytest.mark.parametrize("name", ["", "x" * 65])
async def test_handshake_is_answered_400_when_the_name_is_unfit(gateway: LocalGateway, name: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{gateway.websocket_url}?name={name}")
    assert refused.value.response.status_code == 400
