"""The stage as the CDK's own command deploys it, used by real clients, in the order of its life."""

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from tests.conftest import ROOT
from tests.deploy.deployment import Deployment, ask, hear
from tests.deploy.emulator import Emulator, listing
from tests.deploy.probes import be_swept, until

pytestmark = pytest.mark.timeout(1_200)

STAGE = {"provisioned_concurrency": 1}
"""Behind an alias, as in production: the emulator kills sandboxes at work when what they run is replaced."""

RECIPIENTS = 200
UNAUTHORIZED = "401|500"
"""The emulator answers 500 whatever an authorizer raises; API Gateway answers 401 to "Unauthorized"."""

HANDSHAKE = 10
"""Seconds for which a connection that is not there may be one that is not there yet (F06)."""

RATE = 4
"""Messages a second of somebody who talks: fewer than a connection may send."""

AT_ONCE = 8
"""Handshakes under way: the emulator takes a process for each function and handshake."""


async def gather(deployment: Deployment, people: AsyncExitStack, count: int) -> list[ClientConnection]:
    free = asyncio.Semaphore(AT_ONCE)

    async def join(number: int) -> ClientConnection:
        async with free:
            return await people.enter_async_context(deployment.connect(f"?name=p{number}"))

    return await asyncio.gather(*map(join, range(count)))


async def broadcast(sender: ClientConnection) -> dict[str, Any]:
    """Send to more people than are served at once, and return the report that follows."""
    sent = await ask(sender, action="broadcast", data="news")
    assert sent["queued"]
    while (frame := await hear(sender))["type"] != "broadcast.report":
        assert frame["data"] == "news"
    return frame


async def say(connection: ClientConnection, to: str, number: int, heard: set[int]) -> bool:
    """Send a number to oneself, add what comes meanwhile to `heard`, and return whether it was accepted.

    It was not accepted when the store is late, or when no reply comes in time. API Gateway answers within
    29 s. The emulator promises no time: its messages to a function wait for each other, and for a sandbox
    that is being started. The caller sends the number again, as any client does.
    """
    await connection.send(json.dumps({"action": "direct.send", "id": number, "to": to, "data": number}))
    try:
        while (frame := await hear(connection)).get("id") != number:
            heard.add(frame.get("data", 0))  # a late reply to an earlier request has none
    except TimeoutError:
        return False
    assert frame.get("sent") == 1 or frame.get("retry"), frame
    return "sent" in frame


async def test_people_talk_when_they_come_from_the_right_page(deployment: Deployment) -> None:
    async with deployment.connect("?name=Ann") as ann, deployment.connect("?name=Bob") as bob:
        who = await ask(bob, action="whoami")
        sent = await ask(ann, action="direct.send", to=who["user_id"], data="hello")
        heard = await hear(bob)

    assert (sent["sent"], heard["data"], heard["sender"]["name"]) == (1, "hello", "Ann")


async def test_ticket_opens_one_connection_when_used_twice(deployment: Deployment) -> None:
    ticket = deployment.ticket("ann")
    async with deployment.connect(f"?ticket={ticket}") as ann:
        who = await ask(ann, action="whoami")
        with pytest.raises(InvalidStatus, match=UNAUTHORIZED):
            await deployment.connect(f"?ticket={ticket}").__aenter__()

    assert (who["user_id"], who["guest"]) == ("ann", False)


async def test_handshake_is_refused_when_from_another_page(deployment: Deployment) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        await deployment.connect(origin="https://evil.test").__aenter__()


async def test_everybody_hears_and_ghosts_go_when_somebody_broadcasts(deployment: Deployment) -> None:
    async with deployment.connect("?name=Ann") as ann:
        async with AsyncExitStack() as people:
            everybody = await gather(deployment, people, RECIPIENTS)
            gathered = time.monotonic()
            sent = await broadcast(ann)
            heard = await asyncio.gather(*map(hear, everybody))
            with deployment.losing_disconnects():
                for person in everybody:
                    person.transport.abort()
                await asyncio.sleep(gathered + HANDSHAKE - time.monotonic())
                await until(lambda: deployment.connected() == 1)
                lonely = await broadcast(ann)
        left = await ask(ann, action="who", limit=200)

    assert sent["sent"] == RECIPIENTS + 1
    assert {frame["data"] for frame in heard} == {"news"}
    assert (lonely["sent"], lonely["gone"]) == (1, RECIPIENTS)
    assert len(left["people"]) == 1


async def test_the_silent_are_swept_when_the_clock_strikes(deployment: Deployment) -> None:
    await be_swept(deployment)


def test_smoke_checks_pass_when_asked_of_the_deployed_stage(deployment: Deployment) -> None:
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "tests/application/smoke",
            "-k",
            "not gateway",
        ],  # the emulator's has no limits
        cwd=ROOT,
        env={
            **os.environ,
            "SMOKE_URL": deployment.outputs["WebSocketUrl"],
            "SMOKE_ORIGIN": deployment.origin,
        },
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert checked.returncode == 0, checked.stdout


async def test_f31_nothing_is_lost_when_a_release_is_deployed_under_traffic(deployment: Deployment) -> None:
    deployed = asyncio.Event()

    async def talk(connection: ClientConnection) -> int:
        me = (await ask(connection, action="whoami"))["user_id"]
        heard = set[int]()
        number = 1
        while not deployed.is_set():
            number += await say(connection, me, number, heard)
            await asyncio.sleep(1 / RATE)
        while not heard >= set(range(1, number)):
            heard.add((await hear(connection)).get("data", 0))
        return number - 1

    async def release() -> None:
        try:
            await asyncio.to_thread(deployment.deploy, bytecode=False, memory=1_152, **STAGE)
        finally:
            deployed.set()

    async with AsyncExitStack() as people:
        talks = [talk(each) for each in await gather(deployment, people, 3)]
        _, *numbers = await asyncio.gather(release(), *talks)

    assert all(numbers)


def test_nothing_is_left_when_the_stage_is_destroyed(deployment: Deployment, emulator: Emulator) -> None:
    deployment.destroy()

    assert listing(emulator) == deployment.before
