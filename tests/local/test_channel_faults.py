"""Channels when processes die after each of their calls, and `$disconnect` is lost, late or doubled."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.session import Session

from connection_store import ConnectionManager, Table
from connection_store.wire import decode
from dev.engine import Engine
from dev.run import HANDLER, SWEEPER
from local_gateway import Config, LocalGateway
from local_gateway.fault_ports import FaultyPorts
from local_gateway.faults import AnyFault, Delay, Drop, Duplicate, FaultPlan, Kill
from local_gateway.sandbox import Answer, Function
from tests.conftest import ROOT
from tests.local.talk import PATIENCE, Talker, talking

ROOM = "room:1"
SILENCE = 150_000
"""Milliseconds, 2.5 beats."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(log=tmp_path_factory.mktemp("engine") / "output") as engine:
        yield engine


class Site:
    """The product on one machine, with a fault plan."""

    def __init__(self, gateway: LocalGateway, client: Any, table: str) -> None:
        self.gateway = gateway
        self.sweeper = gateway.host(Function(SWEEPER, ROOT, name="sweeper", timeout=30))
        self._client = client
        self._table = table

    @property
    def calls(self) -> int:
        """How many calls to AWS the sandboxes have made."""
        assert isinstance(self.gateway.ports, FaultyPorts)
        return self.gateway.ports.calls.total()

    def join(self, name: str, client: str | None = None) -> Any:
        """Somebody who connects."""
        return talking(self.gateway.websocket_url, name, client)

    async def sweep(self, now: int) -> int:
        """How many connections a sweep at `now`, epoch milliseconds, ends."""
        time = datetime.fromtimestamp(now / 1_000, UTC).isoformat()
        result = await self.sweeper(json.dumps({"time": time}).encode(), "sweep")
        assert isinstance(result, Answer), result
        ended: int = json.loads(result.payload)["ended"]
        return ended

    def rows(self) -> list[dict[str, Any]]:
        """Everything in the table."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        return [decode(item) for page in pages for item in page["Items"]]

    def kinds(self) -> list[str]:
        """What the rows in the table are, publications and their markers left out."""
        known = (row["pk"].partition("#")[0] for row in self.rows() if not row["sk"].startswith("o#"))
        return sorted(kind for kind in known if kind != "seen")


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
        async with asyncio.timeout(2 * PATIENCE), LocalGateway(HANDLER, config, faults=plan) as gateway:
            yield Site(gateway, client, name)
    finally:
        table.close()


@asynccontextmanager
async def two(engine: Engine, call: int) -> AsyncIterator[tuple[Site, Talker, Talker]]:
    """Ann and Bob on a channel, in a sandbox that dies of its `call`-th call after that."""
    async with (
        site(engine, Kill(SETUP + call)) as here,
        here.join("Ann") as ann,
        here.join("Bob") as bob,
    ):
        await ann.subscribe(ROOM)
        await bob.subscribe(ROOM)
        yield here, ann, bob


SETUP = 18
"""Calls to AWS until both are subscribed."""

CALLS = {"publish": 10, "subscribe": 8, "disconnect": 9}
"""Calls of what dies."""

NEVER = 10_000
LEFT = ["chan", "conns", "hist", "subs", "user"]
"""The kinds of rows there are when only Ann is on the channel, which has a HEAD."""


async def test_numbers_of_calls_are_all_there_are(engine: Engine) -> None:
    async with two(engine, NEVER) as (here, ann, bob):
        counts = [here.calls]
        await ann.ask("channel.publish", channel=ROOM, data="it", key="k")
        counts.append(here.calls)
        await bob.ask("channel.subscribe", channels=[{"channel": "room:2"}])
        counts.append(here.calls)
        await bob.ask("channel.unsubscribe", channels=["room:2"])
        before = here.calls
        await bob.leave()
        await eventually(lambda: here.kinds() == sorted([*LEFT, "hist"]))
        await ann.ask("ping")  # the one sandbox answers when it is done with what came before
        disconnect = here.calls - before - 1
    publish, subscribe = counts[1] - counts[0], counts[2] - counts[1]
    assert counts[0] == SETUP
    assert {"publish": publish, "subscribe": subscribe, "disconnect": disconnect} == CALLS


async def show(talker: Talker) -> list[Any]:
    """What somebody shows who drops what they have and asks for what is missing."""
    shown = {frame["position"]["offset"]: frame["data"] for frame in talker.pushed if "data" in frame}
    if not shown:
        shown = {each["position"]["offset"]: each["data"] for each in await talker.history(ROOM)}
    return [shown[offset] for offset in sorted(shown)]


@pytest.mark.parametrize("call", range(1, CALLS["publish"] + 1))
async def test_f13_everybody_has_it_or_nobody_when_publish_dies(engine: Engine, call: int) -> None:
    async with two(engine, call) as (_, ann, bob):
        answer = await ann.ask("channel.publish", channel=ROOM, data="it", key="k")
        page = await bob.ask("channel.history", channel=ROOM)
        stored = [each["data"] for each in page["publications"]]
        pong = await bob.ask("ping", positions={ROOM: {**page["position"], "offset": 0}})
        assert answer["message"] == "Internal server error"
        # Who has not heard of it learns from the next beat that something is behind.
        assert list(pong["behind"]) == ([ROOM] if stored else [])

        again = await ann.publish(ROOM, "it", "k")

        assert again["position"] == {**page["position"], "offset": 1}
        await bob.until("publication")
        assert await show(bob) == await show(ann) == ["it"]
        assert len(await bob.history(ROOM)) == 1


@pytest.mark.parametrize("call", range(1, CALLS["subscribe"] + 1))
async def test_subscription_is_one_when_subscribe_dies_and_is_repeated(engine: Engine, call: int) -> None:
    async with two(engine, call) as (here, _, bob):
        answer = await bob.ask("channel.subscribe", channels=[{"channel": "room:2"}])
        assert answer["message"] == "Internal server error"

        assert (await bob.subscribe("room:2"))["position"]["offset"] == 0
        await bob.publish("room:2", "it", "k")

        (frame,) = await bob.until("publication")
        assert (frame["channel"], frame["position"]["offset"]) == ("room:2", 1)
        assert await bob.present("room:2") == ["Bob"]
        counts = [row["channels"] for row in here.rows() if row["pk"].startswith("conns#")]
        assert sorted(counts) == [1, 2]


@pytest.mark.parametrize("call", range(1, CALLS["disconnect"] + 1))
async def test_others_are_told_and_nothing_is_left_when_disconnect_dies(engine: Engine, call: int) -> None:
    async with two(engine, call) as (here, ann, bob):
        await bob.leave()
        await eventually(lambda: here.calls == SETUP + call)
        assert await ann.present(ROOM) == ["Ann"]
        now = (await ann.ask("ping"))["time"]

        await here.sweep(now)

        told = await ann.until("presence.left")
        assert {frame["connection"]["name"] for frame in told} == {"Bob"}
        assert here.kinds() == LEFT
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

        (left,) = await ann.until("presence.left")
        assert (left["user_id"], left["connection"]["name"]) == (me, "Bob")


async def test_f02_user_stays_when_the_disconnect_of_an_old_connection_is_late(engine: Engine) -> None:
    late = Delay("disconnect", 30, connection=1)
    secret = "b" * 22
    async with site(engine, late, clock_rate=60) as here:
        async with here.join("Bob", secret) as old:
            since = (await old.subscribe(ROOM))["position"]
        async with here.join("Ann") as ann, here.join("Bob", secret) as bob:
            await ann.subscribe(ROOM)
            await bob.subscribe(ROOM, since=since)
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
