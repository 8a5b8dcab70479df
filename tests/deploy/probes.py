"""What a stage can do: each a coroutine that fails where the stage cannot."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection

from connection_store import ConnectionManager, Table
from tests.deploy.deployment import Deployment, ask, hear

GHOSTS = 100
"""With the sender more than are served at once, so that the queue and the worker have a part in it."""

PATIENCE = 120
MINUTE = 60_000


async def connect(deployment: Deployment) -> None:
    """A guest connects."""
    async with deployment.connect():
        pass


async def connect_with_ticket(deployment: Deployment) -> None:
    """Somebody with tickets connects, here and there."""
    user = secrets.token_hex(8)
    async with (
        deployment.connect(f"?ticket={deployment.ticket(user)}"),
        deployment.connect(f"?ticket={deployment.ticket(user)}"),
    ):
        pass


async def talk(deployment: Deployment) -> None:
    """A message is answered."""
    async with deployment.connect() as ann:
        assert (await ask(ann, action="ping"))["type"] == "pong"


async def be_seen(deployment: Deployment) -> None:
    """It is known when somebody was last heard of."""
    name = secrets.token_hex(8)
    async with deployment.connect(f"?name={name}") as ann:
        (row,) = rows(deployment, name)
        seen = int(row["last_seen"]["N"]) - MINUTE
        put(deployment, {**row, "last_seen": {"N": str(seen)}})
        await ask(ann, action="ping")
        assert not rows(deployment, str(seen))


async def list_people(deployment: Deployment) -> None:
    """People are listed."""
    async with deployment.connect() as ann:
        assert (await ask(ann, action="who"))["people"]


async def reach_one(deployment: Deployment) -> None:
    """A message reaches somebody."""
    async with deployment.connect() as ann:
        who = await ask(ann, action="whoami")
        sent = await ask(ann, action="direct.send", to=who["user_id"], data="hello")
        assert sent["sent"] == 1


async def reach_many(deployment: Deployment) -> None:
    """A message reaches many through the queue, and those who are gone leave nothing."""
    data = secrets.token_hex(8)
    async with deployment.connect() as ann:
        await haunt(deployment, data)
        assert (await ask(ann, action="broadcast", data=data)).get("queued")
        await hear_of(ann, "broadcast.report")
    # What hangs on a connection has not expired with it: the emulator would delete that, too.
    await until(lambda: not any("data" in row for row in rows(deployment, f"{data}0=")))


async def stay(deployment: Deployment) -> None:
    """A new ticket lets somebody stay longer."""
    user = secrets.token_hex(8)
    async with deployment.connect(f"?ticket={deployment.ticket(user)}") as ann:
        answer = await ask(ann, action="auth.refresh", ticket=deployment.ticket(user))
        assert answer["type"] != "error"


async def overdo(deployment: Deployment) -> None:
    """Who goes on sending too much is told so, and closed."""
    async with deployment.connect() as ann:
        await ann.send('{"action": "ping"}')
        while (await hear(ann))["type"] != "disconnect":
            await ann.send('{"action": "ping"}')
        # The emulator closes when it has nothing else to do: no more of them.
        await ann.wait_closed()


async def leave(deployment: Deployment) -> None:
    """Nothing is left of who disconnects."""
    name = secrets.token_hex(8)
    async with deployment.connect(f"?name={name}"):
        (row,) = rows(deployment, name)
    await until(lambda: not rows(deployment, row["sk"]["S"]))


async def meet(deployment: Deployment) -> None:
    """People meet in a channel: they see who is there, hear each other, and go."""
    room = f"room:{secrets.token_hex(8)}"
    async with deployment.connect() as ann, deployment.connect() as bob:
        for each in (ann, bob):
            await subscribe(each, room)
        assert (await ask(ann, action="presence.get", channel=room))["count"] == 2
        await ask(ann, action="channel.publish", channel=room, data="hello", key=secrets.token_hex(16))
        await hear_of(bob, "publication")
        assert (await ask(bob, action="channel.unsubscribe", channels=[room]))["channels"] == [room]


async def catch_up(deployment: Deployment) -> None:
    """Who was away hears what they missed, and who is behind learns it."""
    room = f"room:{secrets.token_hex(8)}"
    async with deployment.connect() as ann, deployment.connect() as bob:
        await subscribe(ann, room)
        said = await ask(ann, action="channel.publish", channel=room, data="hello")
        since = {**said["position"], "offset": 0}
        pong = await ask(bob, action="ping", positions={room: since})
        assert pong["behind"] == {room: said["position"]}
        (answer,) = await subscribe(bob, room, since=since)
        assert [each["data"] for each in answer["publications"]] == ["hello"]


async def be_swept(deployment: Deployment) -> None:
    """Who has been silent for long is told so, closed, and leaves nothing; their channels are told."""
    name = secrets.token_hex(8)
    room = f"room:{name}"
    async with deployment.connect(f"?name={name}") as ann, deployment.connect() as bob:
        for each in (ann, bob):
            await subscribe(each, room)
        (row,) = (row for row in rows(deployment, name) if "last_seen" in row)
        hour_ago = int(row["last_seen"]["N"]) - 60 * MINUTE
        put(deployment, {**row, "last_seen": {"N": str(hour_ago)}})
        await sweep(deployment)
        await hear_of(ann, "disconnect")
        await hear_of(bob, "presence.left")
        async with asyncio.timeout(PATIENCE):
            await ann.wait_closed()
    await until(lambda: not rows(deployment, row["sk"]["S"]))


PROBES: dict[str, Callable[[Deployment], Awaitable[None]]] = {
    probe.__name__: probe
    for probe in (
        connect,
        connect_with_ticket,
        talk,
        be_seen,
        list_people,
        reach_one,
        meet,
        catch_up,
        reach_many,
        stay,
        overdo,
        leave,
        be_swept,
    )
}


async def subscribe(connection: ClientConnection, channel: str, **since: Any) -> list[dict[str, Any]]:
    """Subscribe to a channel, and return what the answer says of it."""
    wish = {"channel": channel, **since}
    answer = await ask(connection, action="channel.subscribe", channels=[wish])
    channels: list[dict[str, Any]] = answer["channels"]
    return channels


async def hear_of(connection: ClientConnection, kind: str) -> None:
    """Wait for a frame of that type."""
    async with asyncio.timeout(PATIENCE):
        while (await hear(connection)).get("type") != kind:
            pass


async def haunt(deployment: Deployment, name: str) -> None:
    """Fill the table with connections that are no more."""
    table = Table(deployment.outputs["TableName"], client=deployment.emulator.client("dynamodb"))
    past = int(time.time() * 1_000) - MINUTE
    store = ConnectionManager(table=table)
    for number in range(GHOSTS):
        await store.connect(f"{name}{number}=", name, name="ghost", now=past)


def rows(deployment: Deployment, text: str) -> list[dict[str, Any]]:
    """The table's rows in which there is `text`."""
    return [row for row in deployment.rows() if text in str(row)]


def put(deployment: Deployment, row: dict[str, Any]) -> None:
    """Write a row as it is given."""
    table = deployment.outputs["TableName"]
    deployment.emulator.client("dynamodb").put_item(TableName=table, Item=row)


async def sweep(deployment: Deployment) -> None:
    """Have the clock strike, and wait until all is swept."""
    client = deployment.emulator.client("lambda")
    (sweeper,) = (
        each["FunctionName"]
        for each in client.list_functions()["Functions"]
        if each["Handler"] == "handlers.sweeper.handler"
    )
    event = json.dumps({"time": datetime.now(UTC).isoformat()})
    swept = await asyncio.to_thread(client.invoke, FunctionName=sweeper, Payload=event)
    assert "FunctionError" not in swept


async def until(true: Callable[[], object]) -> None:
    """Wait until something is true, for a while."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - nobody sends word of what is in a table
            await asyncio.sleep(0.2)
