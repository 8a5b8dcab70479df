"""Covers signalbox.client.connection.connector."""

import asyncio
import gc
import json
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from signalbox.client import Client, Settings
from signalbox.client.errors import LostError, UnansweredError
from tests.framework.client.backend import port_of, reply


async def test_nothing_is_left_over_when_the_connection_ends_while_requests_are_being_sent() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
    lines: list[ServerConnection] = []

    async def greet_and_read_no_more(socket: ServerConnection) -> None:
        lines.append(socket)
        await socket.send(json.dumps(reply(json.loads(await socket.recv()), "welcome")))
        await socket.wait_closed()

    async with (
        serve(greet_and_read_no_more, "127.0.0.1", 0, compression=None, max_queue=1) as server,
        Client(f"ws://127.0.0.1:{port_of(server)}/local") as client,
    ):
        await client.connected()
        requests = [asyncio.create_task(client.request("ping", x="y" * 30_000)) for _ in range(400)]
        await asyncio.sleep(0)
        lines[0].transport.abort()
        async with asyncio.timeout(10):
            answers = await asyncio.gather(*requests, return_exceptions=True)
    assert {type(answer) for answer in answers} == {LostError}
    del answers, requests
    gc.collect()

    assert complaints == []


async def test_the_client_can_be_closed_when_the_server_does_not_read() -> None:
    lines: list[ServerConnection] = []

    async def greet_and_read_no_more(socket: ServerConnection) -> None:
        lines.append(socket)
        await socket.send(json.dumps(reply(json.loads(await socket.recv()), "welcome")))
        await socket.wait_closed()

    settings = Settings(request_timeout=0.5)
    async with (
        serve(
            greet_and_read_no_more, "127.0.0.1", 0, compression=None, max_queue=1, ping_interval=None
        ) as server,
        asyncio.timeout(60),
    ):
        async with Client(f"ws://127.0.0.1:{port_of(server)}/local", settings=settings) as client:
            await client.connected()
            answers = await asyncio.gather(
                *(client.request("ping", x="y" * 30_000) for _ in range(600)), return_exceptions=True
            )
            assert {type(answer) for answer in answers} == {UnansweredError}
        lines[0].transport.abort()
