"""Asking a server something over a WebSocket."""

import json
from typing import Any

from websockets.asyncio.client import ClientConnection


async def ask(client: ClientConnection, **message: Any) -> dict[str, Any]:
    """The reply to one message; what arrives unasked before it is passed over."""
    await client.send(json.dumps(message))
    while (reply := json.loads(await client.recv())).get("type") == "message":
        pass
    answer: dict[str, Any] = reply
    return answer
