"""A queue of the embedded engine drives a function."""

import asyncio
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session
from botocore.config import Config

from signalbox.aws.endpoints import SQS
from signalbox.aws.errors import ConnectError
from signalbox.aws.json_api import JsonApi
from signalbox.dev.engine import Engine
from signalbox.dev.mapping import EventSourceMapping
from signalbox.dev.queues import TRIES, create_queue
from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Function, Result
from signalbox.gateway.sandboxes.socket_sandbox import SocketSandbox
from tests.conftest import ROOT

PATIENCE = 60.0
MESSAGE = {"MessageId": "m", "ReceiptHandle": "r", "Body": "b", "Attributes": {}, "MD5OfBody": ""}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(log=tmp_path_factory.mktemp("engine") / "output") as engine:
        yield engine


@pytest.fixture
def client(engine: Engine) -> Iterator[Any]:
    session = Session("local", "local", region_name="us-east-1")
    config = Config(connect_timeout=1, retries={"total_max_attempts": 1})
    client = session.client("sqs", endpoint_url=engine.url, config=config)
    yield client
    client.close()


@pytest.fixture
async def sqs(engine: Engine) -> AsyncIterator[JsonApi]:
    api = JsonApi(SQS, "us-east-1", engine.url, response_timeout=PATIENCE)
    yield api
    await api.close()


@pytest.fixture
async def queue(sqs: JsonApi) -> str:
    """A queue whose messages come back after a second."""
    return await create_queue(sqs, f"q{secrets.token_hex(4)}", visibility=1)


@pytest.fixture
async def patient_queue(sqs: JsonApi) -> str:
    """A queue whose messages do not come back while a test runs."""
    return await create_queue(sqs, f"q{secrets.token_hex(4)}", visibility=600)


class Worker:
    """A function that notes its batches and answers as told, nothing at all by default."""

    def __init__(self, answer: Callable[[list[Any]], Result] | None = None) -> None:
        self.batches: list[list[str]] = []
        self.seen: Counter[str] = Counter()
        self.under_way = self.peak = 0
        self.answer = answer or (lambda records: Answer(b"null"))
        self.heard = asyncio.Event()

    async def invoke(self, event: bytes, request_id: str) -> Result:
        records = json.loads(event)["Records"]
        self.batches.append([record["body"] for record in records])
        self.seen.update(self.batches[-1])
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        await asyncio.sleep(0.02)
        self.under_way -= 1
        self.heard.set()
        return self.answer(records)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done():
                self.heard.clear()
                await self.heard.wait()


def fill(client: Any, queue: str, *bodies: str) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    for first in range(0, len(entries), 10):
        client.send_message_batch(QueueUrl=queue, Entries=entries[first : first + 10])


def left(client: Any, queue: str) -> int:
    """Messages in the queue, those under way included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = client.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


async def until_left(client: Any, queue: str, number: int) -> None:
    def wait() -> None:
        end = time.monotonic() + PATIENCE
        while left(client, queue) != number:
            assert time.monotonic() < end
            time.sleep(0.05)

    await asyncio.to_thread(wait)


def mapping(sqs: JsonApi, queue: str, invoke: Any, **options: Any) -> EventSourceMapping:
    return EventSourceMapping(sqs, queue, invoke, **{"long_poll": 1, **options})


async def test_every_message_is_delivered_once_and_deleted_when_all_goes_well(
    client: Any, sqs: JsonApi, patient_queue: str
) -> None:
    worker = Worker()
    fill(client, patient_queue, *(f"m{number}" for number in range(35)))

    async with mapping(sqs, patient_queue, worker.invoke, concurrency=3):
        await worker.until(lambda: len(worker.seen) == 35)
        await until_left(client, patient_queue, 0)

    assert set(worker.seen.values()) == {1}
    assert max(map(len, worker.batches)) <= 10
    assert worker.peak <= 3


async def test_f30_only_the_bad_message_comes_back_when_nine_are_good(
    client: Any, sqs: JsonApi, patient_queue: str
) -> None:
    queue, handles = patient_queue, list[str]()

    def report(records: list[Any]) -> Result:
        bad = [record["messageId"] for record in records if record["body"] == "bad"]
        handles.extend(record["receiptHandle"] for record in records if record["body"] == "bad")
        return Answer(json.dumps({"batchItemFailures": [{"itemIdentifier": id_} for id_ in bad]}).encode())

    worker = Worker(report)
    fill(client, queue, *(f"good{number}" for number in range(9)), "bad")
    dead = queue.replace(queue.rpartition("/")[2], f"{queue.rpartition('/')[2]}-dead")

    async with mapping(sqs, queue, worker.invoke):
        for _ in range(TRIES):
            await worker.until(lambda: bool(handles))
            await until_left(client, queue, 1)  # only then may any come back, however long that took
            client.change_message_visibility(QueueUrl=queue, ReceiptHandle=handles.pop(), VisibilityTimeout=0)
        await until_left(client, dead, 1)

    assert worker.seen == {**{f"good{number}": 1 for number in range(9)}, "bad": TRIES}
    assert left(client, queue) == 0


@pytest.mark.parametrize(
    "answer",
    [
        Failure("crashed", "Runtime.ExitError"),
        Answer(b"not json"),
        Answer(b'{"batchItemFailures": [{"itemIdentifier": "unknown"}]}'),
        Answer(b'{"batchItemFailures": [{"itemIdentifier": ""}]}'),
        Answer(b'{"batchItemFailures": [{}]}'),
        Answer(b"[1]"),
    ],
    ids=str,
)
async def test_whole_batch_comes_back_when_the_function_fails(
    client: Any, sqs: JsonApi, queue: str, answer: Result
) -> None:
    answers = [answer]
    worker = Worker(lambda records: answers.pop() if answers else Answer(b"{}"))
    fill(client, queue, "a", "b")

    async with mapping(sqs, queue, worker.invoke):
        await worker.until(lambda: min(worker.seen["a"], worker.seen["b"]) == 2)
        await until_left(client, queue, 0)


async def test_message_is_delivered_again_when_its_worker_dies(
    client: Any, sqs: JsonApi, queue: str, tmp_path: Path
) -> None:
    function = Function("tests.local.queue_workers.die_once", ROOT, timeout=20)
    pool = SandboxPool(lambda number: SocketSandbox(f"worker-{number}", function), 1, timeout=20)
    fill(client, queue, str(tmp_path / "died"))
    try:
        async with mapping(sqs, queue, pool.invoke):
            await until_left(client, queue, 0)
    finally:
        await pool.close()

    assert (tmp_path / "died").read_text() == "twice"


async def test_polling_is_taken_up_again_when_the_engine_was_away() -> None:
    """The client is a fake: an engine that comes back has forgotten its queues."""

    class Away(JsonApi):
        def __init__(self) -> None:
            super().__init__(SQS)
            self.asked = 0
            self.asked_again = asyncio.Event()

        async def call(self, operation: str, *_: Any, **__: Any) -> dict[str, Any]:
            self.asked += 1
            if self.asked == 1 or operation == "DeleteMessageBatch":
                raise ConnectError("refused")
            if self.asked == 2:
                return {"Messages": [MESSAGE]}
            self.asked_again.set()
            await asyncio.sleep(0.01)
            return {}

    worker, sqs = Worker(), Away()
    async with EventSourceMapping(sqs, "queue", worker.invoke, concurrency=1):
        async with asyncio.timeout(PATIENCE):
            await worker.until(lambda: worker.seen["b"] == 1)
            await sqs.asked_again.wait()


async def test_one_long_poll_waits_and_no_more_when_the_queue_is_empty() -> None:
    class Empty(JsonApi):
        def __init__(self) -> None:
            super().__init__(SQS)
            self.polls: list[int] = []
            self.polled = asyncio.Event()

        async def call(self, operation: str, request: Any, **_: Any) -> dict[str, Any]:
            self.polls.append(request["WaitTimeSeconds"])
            self.polled.set()
            await asyncio.Event().wait()
            return {}

    sqs = Empty()
    async with EventSourceMapping(sqs, "queue", Worker().invoke, concurrency=5):
        async with asyncio.timeout(PATIENCE):
            await sqs.polled.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        assert sqs.polls == [20]


@pytest.fixture(autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    yield
    assert asyncio.all_tasks() == {asyncio.current_task()}
