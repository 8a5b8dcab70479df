"""Clients of the real thing, that know which frame answers what they asked and keep the rest."""

import asyncio
import itertools
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60.0


class ChatClient:
    """Somebody with a connection; `pushed` is what came unasked."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pushed: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._came = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def ask(self, action: str, **fields: Any) -> dict[str, Any]:
        """The answer to a request, API Gateway's own frames included."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"action": action, "id": number, **fields}))
        return await self._waiting[number]

    async def subscribe(self, *channels: str, since: Any = None) -> dict[str, Any]:
        """The one channel of the answer."""
        wanted = [{"channel": channel, "since": since} for channel in channels]
        answer = await self.ask("channel.subscribe", channels=wanted)
        channel: dict[str, Any] = answer["channels"][0]
        return channel

    async def publish(self, channel: str, data: Any, key: str) -> dict[str, Any]:
        """Publish until it is acknowledged."""
        while True:
            answer = await self.ask("channel.publish", channel=channel, data=data, key=key)
            if not answer.get("retry"):
                return answer

    async def history(self, channel: str, **fields: Any) -> list[dict[str, Any]]:
        """What a channel's history holds, from the first page."""
        page = await self.ask("channel.history", channel=channel, limit=100, **fields)
        publications: list[dict[str, Any]] = page["publications"]
        return publications

    async def present(self, channel: str) -> list[str]:
        """The names of who is on a channel."""
        answer = await self.ask("presence.get", channel=channel)
        return sorted(line["name"] for user in answer["users"] for line in user["connections"])

    async def until(self, type_: str, number: int = 1) -> list[dict[str, Any]]:
        """Wait for so many pushes of a type, and return all of them there are."""

        def found() -> list[dict[str, Any]]:
            return [frame for frame in self.pushed if frame["type"] == type_]

        async with self._came:
            await self._came.wait_for(lambda: len(found()) >= number)
        return found()

    async def leave(self) -> None:
        """Close the connection."""
        await self.socket.close()
        await self._reader

    async def _read(self) -> None:
        async for text in self.socket:
            frame = json.loads(text)
            # The gateway's own frames do not say what they answer: the oldest.
            number = frame.get("id", min(self._waiting, default=None) if "connectionId" in frame else None)
            if number in self._waiting:
                self._waiting.pop(number).set_result(frame)
            else:
                async with self._came:
                    self.pushed.append(frame)
                    self._came.notify_all()


@asynccontextmanager
async def chat_client(url: str, name: str, client: str | None = None) -> AsyncIterator[ChatClient]:
    """Somebody who is connected; `client` is the secret of a guest who comes back."""
    query = urlencode({"name": name, "client": client or secrets.token_urlsafe(16)})
    talker = ChatClient(await connect(f"{url}?{query}", open_timeout=PATIENCE))
    try:
        yield talker
    finally:
        await talker.leave()
