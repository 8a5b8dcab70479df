"""CPU-µs of one GetItem with another client: `python getitem.py aiobotocore|aiodynamo URL TIMES`."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

NAME, KEY = "benchmark", {"pk": "connection#c", "sk": "@"}
REGION = "us-east-1"

Get = Callable[[], Awaitable[object]]


async def measure(get: Get, times: int) -> None:
    """Warm up, measure, print."""
    for _ in range(times // 2):
        await get()
    start = time.process_time()
    for _ in range(times):
        await get()
    print(1e6 * (time.process_time() - start) / times)


async def aiobotocore(url: str, times: int) -> None:
    """The botocore client on aiohttp."""
    from aiobotocore.session import get_session

    key = {name: {"S": value} for name, value in KEY.items()}
    async with get_session().create_client("dynamodb", REGION, endpoint_url=url) as client:
        await measure(lambda: client.get_item(TableName=NAME, Key=key, ConsistentRead=True), times)


async def aiodynamo(url: str, times: int) -> None:
    """A client of its own, on aiohttp."""
    from aiodynamo.client import Client
    from aiodynamo.credentials import Credentials
    from aiodynamo.http.aiohttp import AIOHTTP
    from aiohttp import ClientSession
    from yarl import URL

    async with ClientSession() as session:
        client = Client(AIOHTTP(session), Credentials.auto(), REGION, URL(url))
        await measure(lambda: client.get_item(NAME, KEY), times)


if __name__ == "__main__":
    way = {"aiobotocore": aiobotocore, "aiodynamo": aiodynamo}[sys.argv[1]]
    asyncio.run(way(sys.argv[2], int(sys.argv[3])))
