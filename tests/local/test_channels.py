"""Channels over real sockets, with the product as a user starts it."""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connection_store import ConnectionManager
from connection_store.connections import SILENCE
from signalbox.dev import run
from signalbox.dev.arguments import parse
from tests.conftest import ROOT, LocalRun
from tests.local.chat_client import PATIENCE, chat_client

PUBLISHERS = 50


@pytest.fixture
def room() -> str:
    """A channel that no other test has."""
    return f"room:{secrets.token_hex(6)}"


async def test_g3_who_comes_back_has_missed_nothing(local_run: LocalRun, room: str) -> None:
    url = local_run.websocket_url
    async with asyncio.timeout(PATIENCE), chat_client(url, "Ann") as ann:
        async with chat_client(url, "Bob", "b" * 22) as bob:
            here = await bob.subscribe(room)
            await ann.subscribe(room)
            await ann.publish(room, 0, "k0")
            (heard,) = await bob.until("publication")
        for number in (1, 2, 3):
            await ann.publish(room, number, f"k{number}")
        async with chat_client(url, "Bob", "b" * 22) as bob:
            back = await bob.subscribe(room, since=heard["position"])
            await ann.publish(room, 4, "k4")
            (after,) = await bob.until("publication")

    assert (here["position"]["offset"], heard["data"], here["recovered"]) == (0, 0, None)
    assert back["recovered"] is True
    assert [each["data"] for each in back["publications"]] == [1, 2, 3]
    assert [each["position"]["offset"] for each in back["publications"]] == [2, 3, 4]
    assert (after["data"], after["position"]) == (4, {**here["position"], "offset": 5})


async def test_f28_offsets_have_no_hole_when_fifty_publish_at_once(local_run: LocalRun, room: str) -> None:
    async with asyncio.timeout(2 * PATIENCE), AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(chat_client(local_run.websocket_url, f"n{number}"))
            for number in range(PUBLISHERS)
        ]
        await asyncio.gather(*(each.subscribe(room) for each in talkers))
        acks = await asyncio.gather(*(each.publish(room, number, "1") for number, each in enumerate(talkers)))
        heard = await asyncio.gather(*(each.until("publication", PUBLISHERS) for each in talkers))
        stored = await talkers[0].history(room)

    offsets = {ack["position"]["offset"]: number for number, ack in enumerate(acks)}
    assert sorted(offsets) == list(range(1, PUBLISHERS + 1))
    assert {each["position"]["offset"]: each["data"] for each in stored} == offsets
    for frames in heard:
        assert {frame["position"]["offset"]: frame["data"] for frame in frames} == offsets


async def test_g4_two_clients_lose_nothing_when_both_number_from_one(local_run: LocalRun, room: str) -> None:
    url = local_run.websocket_url
    async with asyncio.timeout(PATIENCE), chat_client(url, "Ann") as ann, chat_client(url, "Bob") as bob:
        for each in (ann, bob):
            await each.subscribe(room)
        await asyncio.gather(
            *(
                each.publish(room, f"{letter}{number}", str(number))
                for number in range(1, 6)
                for letter, each in (("a", ann), ("b", bob))
            )
        )
        stored = await ann.history(room)

    assert Counter(each["data"] for each in stored) == Counter(f"{a}{n}" for a in "ab" for n in range(1, 6))


async def test_f11_retry_over_a_new_connection_is_the_same_publication(
    local_run: LocalRun, room: str
) -> None:
    acks = []
    async with asyncio.timeout(PATIENCE):
        for _ in range(2):
            async with chat_client(local_run.websocket_url, "Ann", "a" * 22) as ann:
                await ann.subscribe(room)
                acks.append(await ann.publish(room, "it", "k"))
                stored = await ann.history(room)

    assert acks[0]["position"] == acks[1]["position"]
    assert [each["data"] for each in stored] == ["it"]


async def test_subscribers_hear_it_when_another_process_publishes(local_run: LocalRun) -> None:
    program = """
from handlers.application import app
publisher = app.blocking_publisher()
acks = [publisher.publish("news:test", "open", key="k") for _ in range(2)]
assert acks[0] == acks[1]
print(acks[0].model_dump_json())
"""
    port = urlsplit(local_run.endpoint).port
    lines = (ROOT / "build" / f"backend-{port}.env").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    async with asyncio.timeout(PATIENCE), chat_client(local_run.websocket_url, "Ann") as ann:
        await ann.subscribe("news:test")
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", program],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        frames = await ann.until("publication", 2)

    ack = json.loads(done.stdout)
    assert (ack["delivery"], ack["position"]["offset"]) == ("inline", 1)
    assert [(frame["data"], frame["position"]) for frame in frames] == [("open", ack["position"])] * 2
    assert frames[0]["sender"] == {"user_id": "server", "name": "server"}


async def test_workers_serve_everybody_when_there_are_more_than_a_hundred(
    local_run: LocalRun, room: str
) -> None:
    async with asyncio.timeout(2 * PATIENCE), AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(chat_client(local_run.websocket_url, f"n{number}"))
            for number in range(101)
        ]
        for first in range(0, 101, 20):
            await asyncio.gather(*(each.subscribe(room) for each in talkers[first : first + 20]))
        ack = await talkers[0].publish(room, "all", "k")
        heard = await asyncio.gather(*(each.until("publication") for each in talkers))

    assert ack["delivery"] == "queued"
    assert {(frame["data"], frame["position"]["offset"]) for (frame,) in heard} == {("all", 1)}


async def test_who_fell_silent_is_swept_when_the_local_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SWEEP_EVERY", 2)
    async with (
        asyncio.timeout(PATIENCE),
        run.local_run(parse(["--port", "0"]), log=tmp_path / "engine.log"),
    ):
        connections = ConnectionManager(run.TABLE)
        now = time.time_ns() // 1_000_000
        silent = await connections.connect("silent", connected_at=now - SILENCE * 1_000, now=now)
        heard = await connections.connect("heard", now=now)
        seen = [silent, heard]
        while len(seen) > 1:
            await asyncio.sleep(0.1)
            seen = [each async for each in connections.stream(now=0)]
        await connections.close()

    assert seen == [heard]
