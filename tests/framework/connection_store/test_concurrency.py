"""Many calls at once, where few can run."""

import asyncio
from typing import Any

import pytest

from connection_store import StoreBusyError, time_budget
from connection_store.schema import Key
from tests.contract.faults import Clock, refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Held

KEY = Key("user#ann", "c-1")
ITEM = {"pk": {"S": "user#ann"}, "sk": {"S": "c-1"}}


class Laborious:
    """An engine that is throttled every other time, and takes 0.9 s of `clock` for each answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls = 0

    async def call(self, operation: str, request: Any) -> dict[str, Any]:
        self._calls += 1
        self._clock.now += 0.9
        if self._calls % 2:
            raise refusal("ThrottlingException")
        return {"Item": ITEM}

    async def close(self) -> None:
        pass


def test_each_of_many_calls_has_its_whole_budget_when_few_can_run(
    make_table: MakeTable, clock: Clock
) -> None:
    table = make_table(engine=Laborious(clock), concurrency=1, budget=2)

    async def invocation() -> list[Any]:
        return await asyncio.gather(*(table.get(KEY, now=0) for _ in range(10)))

    for _ in range(2):  # one loop after the other
        assert asyncio.run(invocation()) == [{"pk": "user#ann", "sk": "c-1"}] * 10


async def test_call_gives_up_waiting_for_others_when_the_budget_around_it_is_spent(
    make_table: MakeTable, clock: Clock
) -> None:
    held = Held()
    table = make_table(engine=held, concurrency=1, budget=60)
    first = asyncio.create_task(table.get(KEY, now=0))
    await held.entered.acquire()
    with time_budget(0.05, clock=clock), pytest.raises(StoreBusyError, match="no turn in time"):
        await table.get(KEY, now=0)
    held.released.set()
    assert await first is None
    assert held.calls == 1


async def test_others_have_their_turn_when_calls_failed_or_were_given_up(
    make_table: MakeTable, clock: Clock
) -> None:
    held = Held()
    table = make_table(engine=held, concurrency=1, budget=60)
    calls = [asyncio.create_task(table.get(KEY, now=0)) for _ in range(3)]
    await held.entered.acquire()
    for call in calls[:2]:
        call.cancel()
    held.released.set()
    assert await calls[2] is None
    with time_budget(0, clock=clock), pytest.raises(StoreBusyError):
        await table.get(KEY, now=0)
    assert await table.get(KEY, now=0) is None
