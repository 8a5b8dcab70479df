"""A backend with one channel, in memory: as far as a client can tell it does what the handlers do."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from signalbox.aws.transport import Transport
from signalbox.gateway import Config, Gateway
from signalbox.gateway.faults.plan import FaultPlan
from signalbox.gateway.sandboxes.sandbox import Answer
from signalbox.gateway.stage import Stage
from signalbox.publisher import ApiGateway, Gone

EPOCH = "5f0c1d9b7a3e"
KEPT = 500
"""The most publications a subscriber recovers."""

Fields = dict[str, Any]


class MemoryBackend:
    """A function behind a gateway. `gateway` is where its posts go, known once that is up."""

    gateway: ApiGateway

    def __init__(self) -> None:
        self.log: list[Fields] = []
        self._users: dict[str, str] = {}
        self._subscribers: set[str] = set()
        self._acks: dict[tuple[str, str], Fields] = {}

    async def __call__(self, payload: bytes, _request_id: str) -> Answer:
        event = json.loads(payload)
        connection_id = event["requestContext"]["connectionId"]
        match event["requestContext"]["eventType"]:
            case "CONNECT":
                self._users[connection_id] = event["queryStringParameters"]["client"]
            case "DISCONNECT":
                self._subscribers.discard(connection_id)
            case "MESSAGE":
                request = json.loads(event["body"])
                reply = await self._reply(connection_id, request)
                return _answer({"v": 1, **reply, "id": request["id"]})
        return _answer()

    async def _reply(self, connection_id: str, request: Fields) -> Fields:
        match request:
            case {"action": "hello"}:
                return {"type": "welcome", "user_id": self._users[connection_id], "beat": 480}
            case {"action": "channel.subscribe", "channels": [wish]}:
                self._subscribers.add(connection_id)
                return {"type": "channel.subscribed", "channels": [self._catch_up(wish)], "beat": 60}
            case {"action": "channel.history", "since": since, "limit": limit}:
                missed = self.log[since["offset"] :]
                page = {"publications": missed[:limit], "more": len(missed) > limit}
                return {"type": "channel.history", "channel": request["channel"], **self._here(), **page}
            case {"action": "channel.publish"}:
                return await self._publish(connection_id, request)
        return {"type": "error", "code": "unknown_route", "retry": False, "request_id": "r"}

    def _catch_up(self, wish: Fields) -> Fields:
        since = wish.get("since", {}).get("offset")
        missed = [] if since is None else self.log[since:]
        recovered = None if since is None else len(missed) <= KEPT
        publications = missed if recovered else []
        return {
            "channel": wish["channel"],
            **self._here(),
            "recovered": recovered,
            "publications": publications,
        }

    async def _publish(self, connection_id: str, request: Fields) -> Fields:
        known = (self._users[connection_id], request["key"])
        if known in self._acks:
            return self._acks[known]
        sender = {"user_id": known[0], "name": "guest"}
        place = {"position": {"epoch": EPOCH, "offset": len(self.log) + 1}}
        entry = {**place, "sender": sender, "data": request["data"], "sent_at": 1}
        self.log.append(entry)
        ack = {"type": "channel.published", "channel": request["channel"], **place, "delivery": "inline"}
        self._acks[known] = ack
        push = json.dumps({"v": 1, "type": "publication", "channel": request["channel"], **entry}).encode()
        await asyncio.gather(*(self._post(each, push) for each in list(self._subscribers)))
        return ack

    async def _post(self, connection_id: str, frame: bytes) -> None:
        if isinstance(await self.gateway.post(connection_id, frame), Gone):
            self._subscribers.discard(connection_id)

    def _here(self) -> Fields:
        return {"position": {"epoch": EPOCH, "offset": len(self.log)}}


@asynccontextmanager
async def running_backend(plan: FaultPlan) -> AsyncIterator[str]:
    """The address of a hub behind a gateway with a fault plan."""
    hub = MemoryBackend()
    async with Gateway(Stage.of(Config(port=0), hub), faults=plan) as gateway:
        transport = Transport(gateway.endpoint)
        hub.gateway = ApiGateway(gateway.endpoint, "us-east-1", transport=transport)
        try:
            yield gateway.websocket_url
        finally:
            await transport.close()


def _answer(frame: Fields | None = None) -> Answer:
    body = {} if frame is None else {"body": json.dumps(frame)}
    return Answer(json.dumps({"statusCode": 200, **body}).encode())
