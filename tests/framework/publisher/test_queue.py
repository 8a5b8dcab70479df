"""Covers signalbox.publisher.errors."""

import json
import subprocess
import sys
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from signalbox.publisher import InvalidSliceError, QueueError, Slice, SliceQueue
from signalbox.publisher.queue import VERSION

SLICE = Slice("broadcast", 7, 1_767_225_600_000, 3, "7:abc=")


class Sqs:
    """Takes batches, and refuses the entries it is told to, each once."""

    def __init__(self, *refused: str, error: Exception | None = None) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.refused = set(refused)
        self.error = error

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if self.error:
            raise self.error
        self.calls.append(Entries)
        failed = [{"Id": entry["Id"]} for entry in Entries if entry["Id"] in self.refused]
        self.refused -= {each["Id"] for each in failed}
        return {"Failed": failed} if failed else {}


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


async def test_every_slice_is_sent_once_when_there_are_more_than_a_batch_holds() -> None:
    sqs = Sqs()
    slices = [Slice("b", shard, 1) for shard in range(32)]

    await SliceQueue("http://queue", client=sqs).send(slices, delay=5)

    assert sorted(len(call) for call in sqs.calls) == [2, 10, 10, 10]
    entries = [entry for call in sqs.calls for entry in call]
    assert {Slice.from_text(entry["MessageBody"]).shard for entry in entries} == set(range(32))
    assert {entry["DelaySeconds"] for entry in entries} == {5}


async def test_only_the_refused_are_sent_again_when_a_batch_was_taken_in_part() -> None:
    sqs = Sqs("1", "3")

    await SliceQueue("http://queue", client=sqs).send([Slice("b", shard, 1) for shard in range(5)])

    assert [[entry["Id"] for entry in call] for call in sqs.calls] == [["0", "1", "2", "3", "4"], ["1", "3"]]


async def test_failure_is_typed_and_quotes_nothing_when_the_queue_does_not_answer() -> None:
    queue = SliceQueue("http://queue", client=Sqs(error=EndpointConnectionError(endpoint_url="canary")))

    with pytest.raises(QueueError) as failure:
        await queue.send([SLICE])
    assert "canary" not in str(failure.value)


def test_boto3_is_not_loaded_when_nothing_is_queued() -> None:
    make = "from signalbox.publisher import SliceQueue; SliceQueue('http://q')"
    program = f"import sys; {make}; print('boto3' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert run.stdout.strip() == "False"
