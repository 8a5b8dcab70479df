"""The suite on an API that somebody deployed: SIGNALBOX_CONFORMANCE_URL says where.

What a test wants of a gateway that only one of this machine can give skips the test, and says what it was.
"""

import asyncio
import base64
import json
import os
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import pytest
from websockets.asyncio.client import connect

Event = dict[str, Any]

URL = os.environ.get("SIGNALBOX_CONFORMANCE_URL", "").rstrip("/")
PATIENCE = 30.0
"""Seconds a cold function may take to say who it is talking to."""


def lacks(what: str) -> NoReturn:
    """Give up on a test that wants what no deployed API has."""
    pytest.skip(f"only a gateway of this machine has {what}")


class Deployed:
    """An API with function.py behind it, which reports to the connection `observer`."""

    def __init__(self, url: str, observer: str, orders: Callable[[], Mapping[str, object]]) -> None:
        self.websocket_url = url
        self._observer = observer
        self._orders = orders

    @property
    def endpoint(self) -> str:
        """Where the `@connections` API is."""
        return self.websocket_url.replace("ws", "http", 1)

    def user_agent(self) -> str:
        """What a client calls itself, so that the function does as the test says."""
        orders = {"observer": self._observer, "scripts": self._orders()}
        return base64.b64encode(zlib.compress(json.dumps(orders).encode())).decode()


@asynccontextmanager
async def deployed(
    url: str, orders: Callable[[], Mapping[str, object]], take: Callable[[Event], None]
) -> AsyncIterator[Deployed]:
    """The API at `url`: its function does as the `orders` by route key say, and `take` gets every event."""
    async with connect(url, open_timeout=PATIENCE) as observer:
        async with asyncio.timeout(PATIENCE):
            await observer.send("who am I?")
            name = str(await observer.recv())

        async def listen() -> None:
            async for report in observer:
                take(json.loads(zlib.decompress(base64.b64decode(report))))

        listening = asyncio.create_task(listen())
        try:
            yield Deployed(url, name, orders)
        finally:
            listening.cancel()
