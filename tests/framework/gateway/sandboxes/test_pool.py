"""Which sandbox takes which event, with sandboxes that do as they are told."""

import asyncio
from collections.abc import Callable

import pytest

from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result

PATIENCE = 60.0
STOPPED = Failure("crashed", "Sandbox.Stopped")
CRASHED = Failure("crashed", "Runtime.ExitError")


class Scripted:
    """A sandbox whose start and answers a test decides."""

    def __init__(self, number: int, *, loads: "asyncio.Future[Failure | None] | None" = None) -> None:
        self.name = f"sandbox-{number}"
        self.pid = number
        self.alive = False
        self.stopped = 0
        self.timeout = 0.0
        self.events: list[bytes] = []
        self._loads = loads
        self._answer: asyncio.Future[Result] | None = None

    async def start(self) -> Failure | None:
        failure = await self._loads if self._loads else None
        self.alive = failure is None
        return failure

    def invoke(self, event: bytes, request_id: str, timeout: float) -> asyncio.Future[Result]:
        assert self.is_idle
        self.events.append(event)
        self.timeout = timeout
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    async def stop(self) -> None:
        self.stopped += 1
        self.crash(STOPPED)

    @property
    def is_idle(self) -> bool:
        return self._answer is None or self._answer.done()

    def answer(self) -> None:
        assert self._answer is not None
        self._answer.set_result(Answer(self.events[-1]))

    def crash(self, failure: Failure = CRASHED) -> None:
        self.alive = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(failure)


class Stage:
    """A pool of scripted sandboxes and its callers."""

    def __init__(self, size: int, loads: "Callable[[int], asyncio.Future[Failure | None] | None]") -> None:
        self.sandboxes: list[Scripted] = []
        self._loads = loads
        self.pool = SandboxPool(self._make, size, timeout=7.0, init_timeout=PATIENCE)

    def _make(self, number: int) -> Scripted:
        self.sandboxes.append(Scripted(number, loads=self._loads(number)))
        return self.sandboxes[-1]

    async def call(self, *events: bytes) -> "list[asyncio.Future[Result]]":
        callers = [self.pool.invoke(event, "id") for event in events]
        await settle()
        return callers

    @property
    def events(self) -> list[list[bytes]]:
        return [sandbox.events for sandbox in self.sandboxes]


async def settle() -> None:
    """Let everything happen that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def results(callers: "list[asyncio.Future[Result]]") -> list[Result]:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*callers)


def at_once(_: int) -> None:
    return None


async def test_nothing_runs_when_nobody_called() -> None:
    assert Stage(3, at_once).sandboxes == []


async def test_sandboxes_are_started_up_to_the_size_when_callers_come() -> None:
    stage = Stage(2, at_once)

    callers = await stage.call(b"a", b"b", b"c")

    assert stage.events == [[b"a"], [b"b"]]
    assert stage.sandboxes[0].timeout == 7.0
    assert stage.pool.pids == [1, 2] or stage.pool.pids == [2, 1]
    stage.sandboxes[1].answer()
    await settle()
    assert stage.events == [[b"a"], [b"b", b"c"]]
    await stage.pool.close()
    assert await results(callers) == [STOPPED, Answer(b"b"), STOPPED]


async def test_most_recently_used_sandbox_is_taken_when_several_are_idle() -> None:
    stage = Stage(3, at_once)
    await stage.call(b"a", b"b", b"c")
    for index in (0, 2, 1):
        stage.sandboxes[index].answer()
        await settle()

    for _ in range(3):
        await stage.call(b"x")
        stage.sandboxes[1].answer()
        await settle()

    assert stage.events == [[b"a"], [b"b", b"x", b"x", b"x"], [b"c"]]
    await stage.pool.close()


async def test_callers_are_served_in_order_when_they_wait() -> None:
    stage = Stage(1, at_once)
    await stage.call(*(b"%d" % number for number in range(5)))

    for _ in range(4):
        stage.sandboxes[0].answer()
        await settle()

    assert stage.events == [[b"0", b"1", b"2", b"3", b"4"]]
    await stage.pool.close()


async def test_others_go_on_in_a_new_sandbox_when_one_crashes() -> None:
    stage = Stage(1, at_once)
    callers = await stage.call(b"a", b"b")

    stage.sandboxes[0].crash()
    await settle()

    assert stage.events == [[b"a"], [b"b"]]
    assert stage.sandboxes[0].stopped == 1
    stage.sandboxes[1].answer()
    assert await results(callers) == [CRASHED, Answer(b"b")]
    await stage.pool.close()


async def test_dead_sandbox_is_passed_over_when_it_died_idle() -> None:
    stage = Stage(2, at_once)
    await stage.call(b"a")
    stage.sandboxes[0].answer()
    await settle()
    stage.sandboxes[0].crash()

    callers = await stage.call(b"b")

    assert stage.events == [[b"a"], [b"b"]]
    assert (stage.sandboxes[0].stopped, stage.pool.pids) == (1, [2])
    stage.sandboxes[1].answer()
    assert await results(callers) == [Answer(b"b")]
    await stage.pool.close()


async def test_one_caller_fails_and_the_next_has_another_started_when_a_start_fails() -> None:
    failure = Failure("init", "ImportError")
    loads: dict[int, asyncio.Future[Failure | None]] = {}
    loop = asyncio.get_running_loop()
    stage = Stage(1, lambda number: loads.setdefault(number, loop.create_future()))
    callers = await stage.call(b"a", b"b", b"c")
    assert len(stage.sandboxes) == 1

    loads[1].set_result(failure)
    await settle()
    assert callers[0].result() == failure
    assert not callers[1].done()
    loads[2].set_result(None)
    await settle()

    assert [sandbox.stopped for sandbox in stage.sandboxes] == [1, 0]
    assert stage.events == [[], [b"b"]]
    await stage.pool.close()
    await results(callers)


async def test_no_sandbox_is_started_when_every_caller_has_left_a_failed_one() -> None:
    load = asyncio.get_running_loop().create_future()
    stage = Stage(2, lambda _: load)
    [caller] = await stage.call(b"a")
    caller.cancel()
    await settle()

    load.set_result(Failure("init", "ImportError"))
    await settle()

    assert len(stage.sandboxes) == 1
    await stage.pool.close()


async def test_running_function_goes_on_when_its_caller_is_cancelled() -> None:
    stage = Stage(1, at_once)
    first, second = await stage.call(b"a", b"b")

    first.cancel()
    await settle()
    assert first.cancelled()
    assert stage.events == [[b"a"]]
    stage.sandboxes[0].answer()
    await settle()

    assert stage.events == [[b"a", b"b"]]
    assert stage.sandboxes[0].stopped == 0
    await stage.pool.close()
    await results([second])


async def test_place_is_given_up_when_a_waiting_caller_is_cancelled() -> None:
    stage = Stage(1, at_once)
    _, second, third = await stage.call(b"a", b"b", b"c")

    second.cancel()
    stage.sandboxes[0].answer()
    await settle()

    assert stage.events == [[b"a", b"c"]]
    await stage.pool.close()
    await results([third])


async def test_sandbox_is_not_lost_when_a_caller_is_cancelled_in_the_moment_of_its_turn() -> None:
    stage = Stage(1, at_once)
    _, second, third = await stage.call(b"a", b"b", b"c")

    stage.sandboxes[0].answer()
    # The sandbox is handed over in the second turn of the loop; cancel at every possible moment.
    for _ in range(2):
        await asyncio.sleep(0)
    second.cancel()
    await settle()
    if stage.events == [[b"a", b"b"]]:
        stage.sandboxes[0].answer()
        await settle()

    assert stage.events[0][-1] == b"c"
    await stage.pool.close()
    await results([third])


async def test_start_ends_and_callers_fail_when_the_pool_is_closed_meanwhile() -> None:
    stage = Stage(1, lambda _: asyncio.get_running_loop().create_future())
    callers = await stage.call(b"a", b"b")

    await stage.pool.close()

    assert await results(callers) == [STOPPED, STOPPED]
    assert stage.sandboxes[0].stopped == 1
    assert await stage.pool.invoke(b"c", "id") == STOPPED


async def test_start_fails_when_it_exceeds_its_time() -> None:
    sandbox = Scripted(1, loads=asyncio.get_running_loop().create_future())
    pool = SandboxPool(lambda _: sandbox, 1, timeout=1.0, init_timeout=0.0)

    assert await pool.invoke(b"a", "id") == Failure("init", "Sandbox.Timedout")
    await pool.close()
    assert sandbox.stopped >= 1


@pytest.mark.parametrize("error", [BlockingIOError(), ValueError("embedded null byte")])
async def test_start_fails_when_the_system_refuses_a_process(error: Exception) -> None:
    class Refused(Scripted):
        async def start(self) -> Failure | None:
            raise error

    pool = SandboxPool(Refused, 1, timeout=1.0)

    assert await pool.invoke(b"a", "id") == Failure("init", "Sandbox.StartError")
    await pool.close()


@pytest.mark.parametrize("size", [6_291_556, 6_291_557])
async def test_event_is_refused_when_it_is_larger_than_lambda_takes(size: int) -> None:
    stage = Stage(1, at_once)

    [caller] = await stage.call(b"x" * size)

    if size == 6_291_556:
        assert stage.events == [[b"x" * size]]
    else:
        assert await caller == Failure("too_large", "RequestEntityTooLargeException")
    await stage.pool.close()
    await results([caller])


async def test_idle_sandboxes_are_replaced_when_the_pool_is_renewed() -> None:
    stage = Stage(1, at_once)
    first = await stage.call(b"1")
    stage.sandboxes[0].answer()
    await results(first)
    stage.pool.restart()
    second = await stage.call(b"2")
    stage.sandboxes[1].answer()
    assert await results(second) == [Answer(b"2")]
    assert (stage.sandboxes[0].stopped, stage.pool.pids) == (1, [2])


async def test_busy_sandbox_ends_its_call_and_nobody_waits_for_it_when_the_pool_is_renewed() -> None:
    stage = Stage(1, at_once)
    busy = await stage.call(b"1")
    waiting = await stage.call(b"2")
    stage.pool.restart()
    await settle()
    assert stage.events == [[b"1"], [b"2"]]
    stage.sandboxes[0].answer()
    stage.sandboxes[1].answer()
    assert await results(busy + waiting) == [Answer(b"1"), Answer(b"2")]
    await settle()
    assert (stage.sandboxes[0].stopped, stage.pool.pids) == (1, [2])


async def test_sandbox_that_loads_old_code_gets_no_event_when_the_pool_is_renewed() -> None:
    loads = asyncio.get_running_loop().create_future()
    stage = Stage(1, lambda number: loads if number == 1 else None)
    waiting = await stage.call(b"1")
    stage.pool.restart()
    loads.set_result(None)
    await settle()
    assert stage.events == [[], [b"1"]]
    stage.sandboxes[1].answer()
    assert await results(waiting) == [Answer(b"1")]
    await stage.pool.close()
    assert [sandbox.stopped for sandbox in stage.sandboxes] == [1, 1]
