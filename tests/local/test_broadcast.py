"""The whole product under one broadcast after the other."""

import asyncio
import json
from collections import Counter
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import LocalRun

CONNECTIONS = 200
BROADCASTS = 20
PATIENCE = 120.0


async def receive(client: ClientConnection, wanted: int) -> list[int]:
    """The numbers of the broadcasts that reach `client`, until there are enough."""
    numbers: list[int] = []
    while len(numbers) < wanted:
        frame: Any = json.loads(await client.recv())
        if frame.get("type") == "message":
            numbers.append(frame["data"])
    return numbers


async def test_all_4000_arrive_once_when_20_are_broadcast_to_200(local_run: LocalRun) -> None:
    gate = asyncio.Semaphore(20)

    async def join(number: int) -> ClientConnection:
        async with gate:
            return await connect(f"{local_run.websocket_url}?name=n{number}", open_timeout=PATIENCE)

    async with asyncio.timeout(PATIENCE):
        clients = await asyncio.gather(*(join(number) for number in range(CONNECTIONS)))
        try:
            receiving = [asyncio.create_task(receive(client, BROADCASTS)) for client in clients]
            for number in range(BROADCASTS):
                await clients[number].send(json.dumps({"action": "broadcast", "data": number}))
            received = await asyncio.gather(*receiving)
        finally:
            await asyncio.gather(*(client.close() for client in clients))

    arrived = Counter(number for numbers in received for number in numbers)
    assert arrived == dict.fromkeys(range(BROADCASTS), CONNECTIONS)
    assert all(sorted(numbers) == list(range(BROADCASTS)) for numbers in received)
