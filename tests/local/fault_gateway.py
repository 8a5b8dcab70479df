"""A gateway with a fault plan, and what its clients and callers see."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect

from signalbox.gateway import Config, Gateway, Limits
from signalbox.gateway.faults.plan import AnyFault, FaultPlan
from signalbox.gateway.stage import Stage
from tests.conformance.scripted import PATIENCE, Clock, ScriptedFunction, exchange


@asynccontextmanager
async def gateway_with_faults(
    *faults: AnyFault, function: ScriptedFunction, now: Callable[[], int] | None = None, **plan: float
) -> AsyncIterator[Gateway]:
    """A gateway with a fault plan in front of `function`."""
    settings = Config(port=0, limits=Limits(close_grace=0.2))
    async with Gateway(
        Stage.of(settings, function),
        now=now or Clock(),
        faults=FaultPlan(*faults, **plan),  # type: ignore[arg-type]  # a seed is whole all the same
    ) as gateway:
        yield gateway


@asynccontextmanager
async def connected_client(
    gateway: Gateway, function: ScriptedFunction
) -> AsyncIterator[tuple[ClientConnection, str]]:
    """A client and its connection id."""
    # However much it leaves unread, it can be closed.
    async with connect(gateway.websocket_url, max_queue=None) as client:
        yield client, (await function.next("$connect"))["requestContext"]["connectionId"]


async def call_connections(gateway: Gateway, connection_id: str, data: str = "", method: str = "POST") -> int:
    """The status a call of `@connections` is answered with."""
    head = f"{method} /local/@connections/{connection_id} HTTP/1.1\r\nConnection: close\r\n"
    reply = await exchange(gateway, f"{head}Content-Length: {len(data)}\r\n\r\n{data}".encode())
    return int(reply.split()[1])


async def receive_frames(client: ClientConnection, frames: int = 1) -> list[str | bytes]:
    """The next frames."""
    async with asyncio.timeout(PATIENCE):
        return [await client.recv() for _ in range(frames)]
