"""Covers signalbox.publisher.errors."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from signalbox.aws import retries
from signalbox.aws.endpoints import SQS
from signalbox.aws.json_api import JsonApi
from signalbox.publisher import InvalidSliceError, QueueError, Slice, SliceQueue
from signalbox.publisher.queue import VERSION
from tests.framework.aws.scripted import Act, Server, answer
from tests.framework.publisher.conftest import KEYS

SLICE = Slice("broadcast", 7, 1_767_225_600_000, 3, "7:abc=")


class Sqs:
    """Takes batches over HTTP, and refuses the entries it is told to, each once."""

    def __init__(self, *refused: str) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.refused = set(refused)

    def __call__(self, request: bytes) -> list[bytes]:
        """Answer a request."""
        head, body = request.split(b"\r\n\r\n")
        assert b"x-amz-target: AmazonSQS.SendMessageBatch" in head
        asked = json.loads(body)
        assert asked["QueueUrl"] == "http://queue"
        self.calls.append(asked["Entries"])
        refused = [entry["Id"] for entry in asked["Entries"] if entry["Id"] in self.refused]
        self.refused -= set(refused)
        failed = [{"Id": id_, "Code": "InternalError", "SenderFault": False} for id_ in refused]
        taken = [{"Id": entry["Id"]} for entry in asked["Entries"] if entry["Id"] not in refused]
        return [answer(200, json.dumps({"Successful": taken, "Failed": failed}).encode())]


@pytest.fixture
async def queue(server: Server) -> AsyncIterator[SliceQueue]:
    """A queue whose requests go to the server."""
    api = JsonApi(SQS, "eu-west-1", f"http://127.0.0.1:{server.port}", environ=KEYS)
    yield SliceQueue("http://queue", api=api)
    await api.close()


def test_slice_is_the_same_when_it_has_been_through_the_queue() -> None:
    assert Slice.from_text(SLICE.to_text()) == SLICE
    for bare in (Slice("b", 0, 1), Slice("b", None, 1), Slice("b", 0, 1, tenant="acme")):
        assert Slice.from_text(bare.to_text()) == bare


@pytest.mark.parametrize("version", [VERSION - 1, VERSION])
def test_f31_message_is_read_when_it_is_of_this_release_or_the_one_before(version: int) -> None:
    text = json.dumps({**json.loads(SLICE.to_text()), "v": version, "later": True})

    assert Slice.from_text(text) == SLICE


@pytest.mark.parametrize(
    "change",
    [
        {"v": VERSION + 1},
        {"v": VERSION - 2},
        {"v": None},
        {"shard": "7"},
        {"shard": True},
        {"shard": ""},
        {"cursor": 1},
        {"cursor": 0},
        {"broadcast_id": None},
        {"number": None},
        {"tenant": None},
        {"tenant": 7},
    ],
    ids=str,
)
def test_f30_message_is_refused_when_it_is_not_ours(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSliceError):
        Slice.from_text(json.dumps({**json.loads(SLICE.to_text()), **change}))


def test_f31_message_of_before_tenants_is_nobodys() -> None:
    before = {name: value for name, value in json.loads(SLICE.to_text()).items() if name != "tenant"}

    assert Slice.from_text(json.dumps(before)) == SLICE


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "canary", '{"v":1}'])
def test_f30_message_is_refused_when_it_is_no_message_at_all(text: str) -> None:
    with pytest.raises(InvalidSliceError) as refused:
        Slice.from_text(text)
    assert "canary" not in str(refused.value)


async def test_every_slice_is_sent_once_when_there_are_more_than_a_batch_holds(
    server: Server, queue: SliceQueue
) -> None:
    server.respond = sqs = Sqs()
    slices = [Slice("b", shard, 1) for shard in range(32)]

    await queue.send(slices, delay=5)

    assert sorted(len(call) for call in sqs.calls) == [2, 10, 10, 10]
    entries = [entry for call in sqs.calls for entry in call]
    assert {Slice.from_text(entry["MessageBody"]).shard for entry in entries} == set(range(32))
    assert {entry["DelaySeconds"] for entry in entries} == {5}


async def test_only_the_refused_are_sent_again_when_a_batch_was_taken_in_part(
    server: Server, queue: SliceQueue
) -> None:
    server.respond = sqs = Sqs("1", "3")

    await queue.send([Slice("b", shard, 1) for shard in range(5)])

    assert [[entry["Id"] for entry in call] for call in sqs.calls] == [["0", "1", "2", "3", "4"], ["1", "3"]]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"Successful":[]}',
        b'{"Successful":[{"Id":"unknown"}]}',
        b'{"Failed":[{}]}',
        b'{"Failed":5}',
        b'{"Successful":7}',
        b'{"Failed":[{"Id":"unknown","Code":"InternalError"}]}',
    ],
)
async def test_slices_are_not_taken_for_sent_when_the_answer_does_not_name_them(
    server: Server, queue: SliceQueue, body: bytes
) -> None:
    server.play(answer(200, body))
    server.respond = sqs = Sqs()

    await queue.send([SLICE])

    assert [len(call) for call in sqs.calls] == [1]


async def test_nothing_is_repeated_when_the_fault_is_the_senders(server: Server, queue: SliceQueue) -> None:
    body = b'{"Failed":[{"Id":"0","Code":"InvalidMessageContents","SenderFault":true}]}'
    server.respond = lambda request: [answer(200, body)]

    with pytest.raises(QueueError, match="InvalidMessageContents"):
        await queue.send([SLICE])
    assert len(server.requests) == 1


async def test_slices_are_sent_again_when_the_queue_is_throttled_or_breaks_off(
    server: Server, queue: SliceQueue
) -> None:
    server.play(answer(400, b'{"__type":"com.amazonaws.sqs#RequestThrottled"}'))
    server.play(Act.RESET)
    server.play(answer(503))
    server.respond = sqs = Sqs()

    await queue.send([SLICE])

    assert len(server.requests) == 4
    assert [len(call) for call in sqs.calls] == [1]


async def test_failure_is_typed_and_quotes_nothing_when_the_queue_is_missing(
    server: Server, queue: SliceQueue
) -> None:
    server.play(answer(400, b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"canary"}'))

    with pytest.raises(QueueError, match=r"^QueueDoesNotExist$") as failure:
        await queue.send([SLICE])
    assert "canary" not in repr(failure.value)
    assert len(server.requests) == 1


async def test_failure_is_typed_when_the_queue_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "BUDGET", 0.2)
    queue = SliceQueue("http://queue", api=JsonApi(SQS, "eu-west-1", "http://127.0.0.1:1", environ=KEYS))

    with pytest.raises(QueueError, match="ConnectionRefusedError"):
        await queue.send([SLICE])
