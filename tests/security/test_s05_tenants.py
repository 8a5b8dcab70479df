"""Two tenants on real sockets, with the authorizer in front: they never meet."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from signalbox.dev.identity import Identity
from signalbox.gateway import LocalGateway
from tests.security.conftest import PAGE


async def ask(client: ClientConnection, action: str, **fields: Any) -> Any:
    """The answer; whatever comes before it is in its `before`."""
    before: list[Any] = []
    await client.send(json.dumps({"action": action, "id": action, **fields}))
    while (frame := await next_frame(client)).get("id") != action:
        before.append(frame)
    return {**frame, "before": before}


async def next_frame(client: ClientConnection) -> Any:
    return json.loads(await client.recv())


async def test_s05_tenants_never_meet_when_all_their_names_are_the_same(
    gateway: LocalGateway, identity: Identity
) -> None:
    def join(tenant: str, user: str) -> connect:
        bearer = Subprotocol(f"bearer.{identity.token(user, tenant=tenant)}")
        protocols = [Subprotocol("realtime.v1"), bearer]
        return connect(gateway.websocket_url, origin=Origin(PAGE), subprotocols=protocols, open_timeout=60)

    async with asyncio.timeout(60), join("acme", "ann") as ann, join("rival", "ann") as eve:
        for client in (ann, eve):
            await ask(client, "channel.subscribe", channels=[{"channel": "room:1"}])
        async with join("acme", "bob") as bob:
            await ask(bob, "channel.subscribe", channels=[{"channel": "room:1"}])
            ack = await ask(bob, "channel.publish", channel="room:1", data="secret")
            assert [(await next_frame(ann))["type"] for _ in range(2)] == ["presence.joined", "publication"]
            assert (await ask(bob, "broadcast", data="secret"))["recipients"] == 2
            assert (await next_frame(ann))["type"] == "message"
            refused = await ask(eve, "direct.send", to="bob", data="hello")
        left = await next_frame(ann)

        since = {**ack["position"], "offset": 0}
        answers = [
            await ask(eve, "who"),
            await ask(eve, "presence.get", channel="room:1"),
            await ask(eve, "channel.history", channel="room:1"),
            await ask(eve, "channel.subscribe", channels=[{"channel": "room:1", "since": since}]),
        ]

    assert (left["type"], left["user_id"], refused["code"]) == ("presence.left", "bob", "not_found")
    assert [len(answers[0]["people"]), answers[1]["count"]] == [1, 1]
    assert (answers[2]["publications"], answers[3]["channels"][0]["recovered"]) == ([], False)
    assert [each["before"] for each in (refused, *answers)] == [[]] * 5
    assert not [each for each in answers if "secret" in str(each) or "bob" in str(each)]
