"""What API Gateway does to who is silent for ten minutes (W63), on a clock that needs none."""

import asyncio

from websockets.asyncio.client import connect

from signalbox.client.client import Client
from signalbox.client.values import State
from signalbox.gateway import Config, Gateway
from signalbox.gateway.stage import Stage
from tests.clients.stepping import SteppedLoop
from tests.local.memory_backend import MemoryBackend

ELEVEN_MINUTES = 11 * 60


def test_f08_a_client_stays_when_it_has_nothing_to_say_for_eleven_minutes() -> None:
    async def idle() -> tuple[list[str], int | None]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteppedLoop)
        async with (
            Gateway(
                Stage.of(Config(port=0), MemoryBackend()), now=lambda: int(loop.time() * 1_000)
            ) as gateway,
            Client(gateway.websocket_url) as client,
            connect(f"{gateway.websocket_url}?client=mute", ping_interval=None, proxy=None) as mute,
        ):
            states = asyncio.create_task(names_of_states(client))
            for _ in range(ELEVEN_MINUTES):
                await loop.advance(1)
            code = mute.close_code
        return await states, code

    with asyncio.Runner(loop_factory=SteppedLoop) as runner:
        states, code = runner.run(idle())

    assert states == ["connecting", "connected", "closed"]
    assert code == 1001


async def names_of_states(client: Client) -> list[str]:
    """The states it was in, one after the other, to its end."""
    return [event.name async for event in client.events if isinstance(event, State)]
