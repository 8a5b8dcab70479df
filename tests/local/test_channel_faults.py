"""Channels when processes die after each of their calls, and `$disconnect` is lost, late or doubled."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.session import Session

from connection_store import ConnectionManager, Table
from connection_store.wire import decode
from signalbox.dev.engine import Engine
from signalbox.dev.project import find_project
from signalbox.gateway import Config, LocalGateway
from signalbox.gateway.faults.hooks import FaultHooks
from signalbox.gateway.faults.plan import AnyFault, Delay, Drop, Duplicate, FaultPlan, Kill, Shuffle
from signalbox.gateway.sandboxes.sandbox import Answer, Function
from signalbox.gateway.sockets.integration import Invoke
from tests.conftest import ROOT
from tests.local.chat_client import PATIENCE, ChatClient, chat_client

PROJECT = find_project(ROOT)
ROOM = "room:1"
SILENCE = 150_000
"""Milliseconds, 2.5 beats."""

LIFE = 60
"""Calls to AWS in a mortal sandbox's life: more than two cases make."""

MORTAL = Kill(LIFE, times=1_000)
LEFT = ["chan", "conns", "subs", "user"]
"""The kinds of rows there are for connections when only Ann is on the channel."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(log=tmp_path_factory.mktemp("engine") / "output") as engine:
        yield engine


class Site:
    """The product on one machine, with a fault plan."""

    def __init__(self, gateway: LocalGateway, sweeper: Invoke, client: Any, table: str) -> None:
        self._gateway = gateway
        self._sweeper = sweeper
        self._client = client
        self._table = table

    @property
    def calls(self) -> int:
        """How many calls to AWS the application has made, without those whose answers came after a death."""
        assert isinstance(self._gateway.hooks, FaultHooks)
        return sum(min(number, LIFE) for number in self._gateway.hooks.calls.values())

    def join(self, name: str, client: str | None = None) -> Any:
        """Somebody who connects."""
        return chat_client(self._gateway.websocket_url, name, client)

    async def count(self, deed: Awaitable[Any]) -> int:
        """How many calls something takes."""
        before = self.calls
        await deed
        return self.calls - before

    async def doom(self, call: int, anybody: ChatClient) -> None:
        """Let the sandbox live until its `call`-th call from now: a ping is one."""
        while self.calls % LIFE != LIFE - call:
            await anybody.ask("ping")

    @property
    def is_dead(self) -> bool:
        """Whether the sandbox has lived, and the next one not begun to."""
        return self.calls % LIFE == 0

    async def sweep(self, now: int) -> int:
        """How many connections a sweep at `now`, epoch milliseconds, ends."""
        time = datetime.fromtimestamp(now / 1_000, UTC).isoformat()
        result = await self._sweeper(json.dumps({"time": time}).encode(), "sweep")
        assert isinstance(result, Answer), result
        ended: int = json.loads(result.payload)["ended"]
        return ended

    def rows(self) -> list[dict[str, Any]]:
        """Everything in the table."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        return [decode(item) for page in pages for item in page["Items"]]

    def kinds(self) -> list[str]:
        """What the rows in the table are that are there for a connection."""
        known = (row["pk"].partition("#")[0] for row in self.rows() if row["sk"] != "@")
        return sorted(kind for kind in known if kind in LEFT)


async def eventually(check: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of."""
    while not check():  # noqa: ASYNC110 - it happens in another process
        await asyncio.sleep(0.01)


@asynccontextmanager
async def site(engine: Engine, *faults: AnyFault, clock_rate: float = 1.0) -> AsyncIterator[Site]:
    name = f"faults-{secrets.token_hex(6)}"
    client = Session("local", "local", region_name="us-east-1").client("dynamodb", endpoint_url=engine.url)
    table = Table(name, client=client, budget=PATIENCE)
    await ConnectionManager(table=table).init_table()
    variables = {"TABLE_NAME": name, "ALLOW_GUESTS": "true", "POWERTOOLS_METRICS_DISABLED": "true"}
    config = Config(
        port=0,
        sandboxes=1,
        sandbox="socket",
        task_root=ROOT,
        environment={**engine.environment, **variables, "POWERTOOLS_LOG_LEVEL": "WARNING"},
    )
    plan = FaultPlan(*faults, clock_rate=clock_rate)
    try:
        async with (
            asyncio.timeout(2 * PATIENCE),
            LocalGateway(PROJECT.websocket, config, faults=plan) as gateway,
        ):
            endpoint = {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": gateway.endpoint}
            apart = replace(config, environment={**config.environment, **endpoint})
            # The plan is not for the sweeper.
            async with LocalGateway(PROJECT.websocket, apart) as other:
                sweeper = other.host(Function(PROJECT.sweeper, ROOT, name="sweeper", timeout=30))
                yield Site(gateway, sweeper, client, name)
    finally:
        await table.close()


def shown(talker: ChatClient, room: str = ROOM) -> list[Any]:
    """What somebody shows of a channel who drops what they have: the publications by their offsets."""
    frames = [each for each in talker.pushed if each["type"] == "publication" and each["channel"] == room]
    by_offset = {frame["position"]["offset"]: frame["data"] for frame in frames}
    return [by_offset[offset] for offset in sorted(by_offset)]


def left(talker: ChatClient) -> dict[str, str]:
    """The leaves somebody was told of: names by user ids."""
    frames = (each for each in talker.pushed if each["type"] == "presence.left")
    return {frame["user_id"]: frame["connection"]["name"] for frame in frames}


async def test_f13_everybody_has_it_or_nobody_when_publish_dies_after_any_call(engine: Engine) -> None:
    async with site(engine, MORTAL) as here, here.join("Ann") as ann, here.join("Bob") as bob:
        start = (await ann.subscribe(ROOM))["position"]
        await bob.subscribe(ROOM)
        calls = await here.count(ann.publish(ROOM, 0, "0"))
        assert calls > 5
        for call in range(1, calls + 1):
            await here.doom(call, ann)
            answer = await ann.ask("channel.publish", channel=ROOM, data=call, key=f"{call}")
            assert answer["message"] == "Internal server error"
            stored = [each["data"] for each in await bob.history(ROOM)]
            assert stored in (list(range(call)), list(range(call + 1)))
            # Who has not heard of it learns from the next beat that something is behind.
            pong = await bob.ask("ping", positions={ROOM: {**start, "offset": call}})
            assert list(pong["behind"]) == ([ROOM] if stored[-1] == call else [])

            again = await ann.publish(ROOM, call, f"{call}")

            assert again["position"] == {**start, "offset": call + 1}
            await eventually(lambda: shown(ann) == shown(bob) == [*stored[:call], call])  # noqa: B023
        assert len(await bob.history(ROOM)) == calls + 1


async def test_subscription_is_one_when_subscribe_dies_after_any_call_and_is_repeated(engine: Engine) -> None:
    async with site(engine, MORTAL) as here, here.join("Bob") as bob:
        calls = await here.count(bob.subscribe("room:0"))
        assert calls > 5
        for call in range(1, calls + 1):
            room = f"room:{call}"
            await here.doom(call, bob)
            answer = await bob.ask("channel.subscribe", channels=[{"channel": room}])
            assert answer["message"] == "Internal server error"

            assert (await bob.subscribe(room))["position"]["offset"] == 0

            await bob.publish(room, "it", "k")
            await eventually(lambda: shown(bob, room) == ["it"])  # noqa: B023
            assert await bob.present(room) == ["Bob"]
            (counted,) = (row["channels"] for row in here.rows() if row["pk"].startswith("conns#"))
            assert counted == here.kinds().count("subs") == here.kinds().count("chan") == call + 1


async def test_others_are_told_and_nothing_is_left_when_disconnect_dies_after_any_call(
    engine: Engine,
) -> None:
    async with site(engine, MORTAL) as here, here.join("Ann") as ann:
        await ann.subscribe(ROOM)
        async with here.join("Bob") as bob:
            await bob.subscribe(ROOM)
            before = here.calls
        await eventually(lambda: here.kinds() == LEFT)
        await ann.ask("ping")  # the one sandbox answers when it is done with what came before
        calls = here.calls - before - 1
        assert calls > 5
        for call in range(1, calls + 1):
            async with here.join("Bob") as bob:
                await bob.subscribe(ROOM)
                me = (await bob.ask("whoami"))["user_id"]
                await here.doom(call, ann)
            await eventually(lambda: here.is_dead)
            assert await ann.present(ROOM) == ["Ann"]
            now = (await ann.ask("ping"))["time"]

            await here.sweep(now)

            await eventually(lambda: me in left(ann))  # noqa: B023
            assert here.kinds() == LEFT
        assert set(left(ann).values()) == {"Bob"}
        assert await here.sweep(now) == 0


async def test_f01_presence_is_right_within_two_and_a_half_beats_when_disconnects_are_lost(
    engine: Engine,
) -> None:
    async with site(engine, Drop("disconnect"), clock_rate=60) as here, here.join("Ann") as ann:
        await ann.subscribe(ROOM)
        async with here.join("Bob") as bob:
            await bob.subscribe(ROOM)
            me = (await bob.ask("whoami"))["user_id"]
        (last_seen,) = (
            row["last_seen"] for row in here.rows() if row.get("user") == me and "last_seen" in row
        )
        asked = answered = last_seen
        while True:
            present = await ann.present(ROOM)
            asked, answered = answered, (await ann.ask("ping"))["time"]
            if present == ["Ann"]:
                break
            assert asked - last_seen < SILENCE
        assert answered - last_seen >= SILENCE
        assert [frame["type"] for frame in ann.pushed] == ["presence.joined"]

        assert await here.sweep(answered) == 1

        (told,) = await ann.until("presence.left")
        assert (told["user_id"], told["connection"]["name"]) == (me, "Bob")


async def test_f02_user_stays_when_the_disconnect_of_an_old_connection_is_late(engine: Engine) -> None:
    late = Shuffle("disconnect", 2, within=3_600)
    secret = "b" * 22
    async with site(engine, late) as here:
        async with here.join("Bob", secret) as old:
            since = (await old.subscribe(ROOM))["position"]
        async with here.join("Ann") as ann, here.join("Bob", secret) as bob:
            await ann.subscribe(ROOM)
            await bob.subscribe(ROOM, since=since)
            assert await ann.present(ROOM) == ["Ann", "Bob", "Bob"]
            async with here.join("Eve"):
                pass  # her disconnect is what the old one waits for
            await ann.until("presence.left")

            assert await ann.present(ROOM) == ["Ann", "Bob"]
            await ann.publish(ROOM, "still there?", "k")
            (frame,) = await bob.until("publication")
            assert frame["position"] == {**since, "offset": 1}


async def test_nothing_is_left_and_nobody_is_missing_when_disconnects_come_twice(engine: Engine) -> None:
    async with site(engine, Duplicate("disconnect")) as here, here.join("Ann") as ann:
        await ann.subscribe(ROOM)
        async with here.join("Bob") as bob:
            await bob.subscribe(ROOM)
        told = await ann.until("presence.left")
        assert {frame["connection"]["name"] for frame in told} == {"Bob"}
        assert await ann.present(ROOM) == ["Ann"]
        assert await here.sweep((await ann.ask("ping"))["time"]) == 0
        assert here.kinds() == LEFT


async def test_f10_f11_offsets_are_the_order_when_messages_come_late_twice_and_mixed_up(
    engine: Engine,
) -> None:
    faults = (Delay("message", (0, 0.2)), Duplicate("message", chance=0.3), Shuffle("post", 5))
    async with site(engine, *faults) as here, here.join("Ann") as ann, here.join("Bob") as bob:
        for each in (ann, bob):
            await each.subscribe(ROOM)
        wanted = [
            (each, f"{name}{n}", f"{n}") for n in range(1, 11) for name, each in (("a", ann), ("b", bob))
        ]
        acks = await asyncio.gather(*(each.publish(ROOM, data, key) for each, data, key in wanted))
        by_offset = {ack["position"]["offset"]: data for ack, (_, data, _) in zip(acks, wanted, strict=True)}

        assert sorted(by_offset) == list(range(1, 21))
        everything = [by_offset[offset] for offset in sorted(by_offset)]
        assert [each["data"] for each in await ann.history(ROOM)] == everything
        await eventually(lambda: shown(ann) == shown(bob) == everything)
