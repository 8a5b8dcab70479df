import asyncio
import importlib
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from signalbox.publisher import Slice
from signalbox.realtime import services
from signalbox.realtime.settings import Settings
from tests.framework.realtime.backend import NOW, SETTINGS

GOOD = [Slice("b", shard, NOW) for shard in range(9)]


class Invocation:
    """What Lambda tells a function of its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Relay:
    """Carries what it is given, unless it is told to fail."""

    def __init__(self) -> None:
        self.carried: Counter[tuple[Slice, str]] = Counter()
        self.loops: set[int] = set()
        self.lock = asyncio.Lock()
        self.fails = False
        self.seconds = 0.0

    async def carry(self, slice_: Slice, delivery: str, *, now: int, time_left: Callable[[], float]) -> None:
        async with self.lock:  # bound to its loop as soon as two wait
            await asyncio.sleep(0)
        if self.fails:
            raise OSError("canary")
        assert now == NOW + 5
        self.loops.add(id(asyncio.get_running_loop()))
        self.carried[slice_, delivery] += 1
        self.seconds = time_left()


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
def worker(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {**SETTINGS, "FANOUT_QUEUE_URL": "http://127.0.0.1:1/queue"}.items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("signalbox.functions.worker")


@pytest.fixture
def relay(worker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Relay:
    relay = Relay()
    monkeypatch.setattr(worker, "_relay_of", lambda tenant: relay)
    return relay


def test_f30_nine_are_delivered_once_when_there_is_a_bad_one_among_them(
    worker: ModuleType, relay: Relay
) -> None:
    bodies = [each.to_text() for each in GOOD]

    answer = worker.handler(batch(*bodies[:4], '{"v": 99, "canary": 1}', *bodies[4:]), Invocation())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m4"}]}
    assert {slice_ for slice_, _ in relay.carried} == set(GOOD)
    assert set(relay.carried.values()) == {1}
    assert relay.seconds == 57


def test_every_message_is_reported_when_all_fail(
    worker: ModuleType, relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.fails = True

    answer = worker.handler(batch(*(each.to_text() for each in GOOD)), Invocation())

    assert {each["itemIdentifier"] for each in answer["batchItemFailures"]} == {f"m{n}" for n in range(9)}
    assert "canary" not in capsys.readouterr().out


def test_f16_worker_has_its_share_of_the_budget_when_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    monkeypatch.setattr(services, "SendBudget", rates.append)
    queue = {"FANOUT_QUEUE_URL": "http://127.0.0.1:1/queue"}

    services.build_relays(
        Settings.from_environment({**SETTINGS, **queue, "SEND_BUDGET": "2400", "FANOUT_CONCURRENCY": "8"})
    )

    assert rates == [300]


def test_f29_loop_is_the_same_when_the_sandbox_is_warm(worker: ModuleType, relay: Relay) -> None:
    for _ in range(3):
        assert worker.handler(batch(*(each.to_text() for each in GOOD)), Invocation()) == {
            "batchItemFailures": []
        }

    assert len(relay.loops) == 1
