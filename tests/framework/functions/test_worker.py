import asyncio
from collections import Counter
from typing import Any

import pytest

from signalbox.functions.websocket import Handler
from signalbox.functions.worker import handler_of, make_handler
from signalbox.moment import Moment
from signalbox.publisher import Slice
from tests.framework.realtime.backend import NOW, SETTINGS

GOOD = [Slice("b", shard, NOW) for shard in range(9)]


class Invocation:
    """What Lambda tells a function of its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class RecordingWorker:
    """Records the slices it is given, unless it is told to fail."""

    def __init__(self) -> None:
        self.carried: Counter[tuple[Slice, str]] = Counter()
        self.loops: set[int] = set()
        self.lock = asyncio.Lock()
        self.fails = False
        self.seconds = 0.0

    async def process(self, slice_: Slice, message_id: str, moment: Moment) -> None:
        async with self.lock:  # bound to its loop as soon as two wait
            await asyncio.sleep(0)
        if self.fails:
            raise OSError("canary")
        assert moment.now == NOW + 5
        self.loops.add(id(asyncio.get_running_loop()))
        self.carried[slice_, message_id] += 1
        self.seconds = moment.time_left()


def batch(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"ApproximateFirstReceiveTimestamp": str(NOW + 5)},
                "eventSource": "aws:sqs",
            }
            for number, body in enumerate(bodies)
        ]
    }


@pytest.fixture
def worker() -> RecordingWorker:
    return RecordingWorker()


@pytest.fixture
def handler(worker: RecordingWorker) -> Handler:
    return handler_of(lambda tenant: worker, debug=False)  # type: ignore[arg-type, return-value]  # a fake


def test_f30_nine_are_delivered_once_when_there_is_a_bad_one_among_them(
    handler: Handler, worker: RecordingWorker
) -> None:
    bodies = [each.to_text() for each in GOOD]

    answer = handler(batch(*bodies[:4], '{"v": 99, "canary": 1}', *bodies[4:]), Invocation())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m4"}]}
    assert {slice_ for slice_, _ in worker.carried} == set(GOOD)
    assert set(worker.carried.values()) == {1}
    assert worker.seconds == 57


def test_every_message_is_reported_when_all_fail(
    handler: Handler, worker: RecordingWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    worker.fails = True

    answer = handler(batch(*(each.to_text() for each in GOOD)), Invocation())

    assert {each["itemIdentifier"] for each in answer["batchItemFailures"]} == {f"m{n}" for n in range(9)}
    assert "canary" not in capsys.readouterr().out


def test_f16_worker_has_its_share_of_the_budget_when_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    monkeypatch.setattr("signalbox.functions.worker.SendBudget", rates.append)
    queue = {"FANOUT_QUEUE_URL": "http://127.0.0.1:1/queue"}
    for name, value in {**SETTINGS, **queue, "SEND_BUDGET": "2400", "FANOUT_CONCURRENCY": "8"}.items():
        monkeypatch.setenv(name, value)

    make_handler()

    assert rates == [300]


def test_f29_loop_is_the_same_when_the_sandbox_is_warm(handler: Handler, worker: RecordingWorker) -> None:
    for _ in range(3):
        assert handler(batch(*(each.to_text() for each in GOOD)), Invocation()) == {"batchItemFailures": []}

    assert len(worker.loops) == 1
