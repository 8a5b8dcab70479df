"""A broadcast to more than are served at once, as `signalbox dev` delivers it: queue, worker, clients."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from boto3.session import Session
from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import ROOT, LocalRun

AUDIENCE = 120
PATIENCE = 60.0
DOCUMENT = ROOT / "docs" / "publishing.md"


@pytest.fixture(autouse=True)
def _served(local_run: LocalRun) -> Iterator[None]:
    """No worker is at a broadcast when the next test begins: it would serve whoever connects meanwhile."""
    yield
    told = variables(local_run)
    session, end = Session("local", "local", region_name=told["AWS_REGION"]), time.monotonic() + PATIENCE
    with closing(session.client("sqs", endpoint_url=told["AWS_ENDPOINT_URL_SQS"])) as queues:
        while unserved(queues, told["FANOUT_QUEUE_URL"]):
            assert time.monotonic() < end
            time.sleep(0.05)


def unserved(queues: Any, url: str) -> int:
    """How many messages are in a queue or with a worker."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


async def join(stack: AsyncExitStack, url: str, number: int) -> list[ClientConnection]:
    gate = asyncio.Semaphore(20)

    async def one(name: str) -> ClientConnection:
        async with gate:
            return await stack.enter_async_context(connect(f"{url}?name={name}", open_timeout=PATIENCE))

    return await asyncio.gather(*(one(f"n{each}") for each in range(number)))


async def frame_of(client: ClientConnection, type_: str) -> Any:
    """The next frame of a type; others are passed over."""
    while (frame := json.loads(await client.recv()))["type"] != type_:
        pass
    return frame


def variables(local_run: LocalRun) -> dict[str, str]:
    """What the local run leaves for other programs."""
    port = urlsplit(local_run.endpoint).port
    lines = (ROOT / "build" / f"backend-{port}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


async def publish(local_run: LocalRun, program: str) -> Any:
    """What `program` prints, run in a process of its own, which knows only the variables."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables(local_run)}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


async def test_everybody_has_one_copy_and_the_sender_a_report_when_it_was_queued(local_run: LocalRun) -> None:
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        clients = await join(stack, local_run.websocket_url, AUDIENCE)
        await clients[0].send(json.dumps({"action": "broadcast", "data": "all", "id": 1}))

        sent = await frame_of(clients[0], "broadcast.sent")
        frames = await asyncio.gather(*(frame_of(client, "message") for client in clients[1:]))
        report = await frame_of(clients[0], "broadcast.report")
        for client in clients[1:]:  # nothing is behind the one copy but the answer to this
            await client.send(json.dumps({"action": "ping"}))
        next_frames = await asyncio.gather(*(client.recv() for client in clients[1:]))

    assert (sent["queued"], sent["id"]) == (True, 1)
    assert {frame["message_id"] for frame in frames} == {sent["message_id"]} == {report["message_id"]}
    assert report["sent"] >= AUDIENCE
    assert report["complete"]
    assert Counter(json.loads(frame)["type"] for frame in next_frames) == {"pong": AUDIENCE - 1}


@pytest.mark.parametrize("others", [0, AUDIENCE])
async def test_clients_hear_it_when_another_process_publishes(local_run: LocalRun, others: int) -> None:
    example = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)[0]
    program = example.replace("sent = publisher.send", "private = publisher.send")
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        clients = await join(stack, local_run.websocket_url, 1 + others)
        sent = await publish(local_run, f"{program}\nprint(sent.model_dump_json())")
        frames = await asyncio.gather(*(frame_of(client, "message") for client in clients))

    assert sent["queued"] is bool(others)
    assert {(frame["message_id"], frame["data"]["text"]) for frame in frames} == {
        (sent["message_id"], "The shop opens")
    }
    assert frames[0]["sender"] == {"user_id": "server", "name": "server"}


async def test_f14_worker_goes_on_when_a_broadcast_to_a_few_has_no_time_left(local_run: LocalRun) -> None:
    program = """
from handlers.application import app
print(app.blocking_publisher(seconds=0).broadcast("late").model_dump_json())
"""
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        clients = await join(stack, local_run.websocket_url, 2)
        sent = await publish(local_run, program)
        frames = await asyncio.gather(*(frame_of(client, "message") for client in clients))

    assert (sent["queued"], sent["complete"], sent["recipients"]) == (True, False, 0)
    assert [frame["data"] for frame in frames] == ["late", "late"]


async def test_one_user_hears_it_when_another_process_sends(local_run: LocalRun) -> None:
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as stack:
        ann, bob = await join(stack, local_run.websocket_url, 2)
        await ann.send(json.dumps({"action": "whoami"}))
        user = (await frame_of(ann, "whoami"))["user_id"]
        program = f"""
import asyncio
from handlers.application import app
publisher = app.blocking_publisher()
answers = [publisher.send(user, "psst") for user in ({user!r}, "nobody")]
answers.append(asyncio.run(app.publisher().send({user!r}, "again")))
print("[" + ",".join(answer.model_dump_json() for answer in answers) + "]")
"""
        sent = await publish(local_run, program)
        assert [answer["recipients"] for answer in sent] == [1, 0, 1]
        assert await heard_of(ann, sent) == ["psst", "again"]
        assert await heard_of(bob, sent) == []


async def heard_of(client: ClientConnection, sent: list[Any]) -> list[Any]:
    """What has come of these messages."""
    await client.send(json.dumps({"action": "ping"}))
    ids, heard = {each["message_id"] for each in sent}, []
    while (frame := json.loads(await client.recv()))["type"] != "pong":
        if frame.get("message_id") in ids:
            heard.append(frame["data"])
    return heard
