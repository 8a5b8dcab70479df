import asyncio
import sys

import pytest

from signalbox.aws.loop import PerLoop, all_of, new_event_loop, run_alone


@pytest.mark.parametrize(("installed", "module"), [(True, "uvloop"), (False, "asyncio.unix_events")])
def test_loop_is_uvloops_when_that_is_installed(
    monkeypatch: pytest.MonkeyPatch, installed: bool, module: str
) -> None:
    if not installed:
        monkeypatch.setitem(sys.modules, "uvloop", None)

    loop = new_event_loop()

    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert type(loop).__module__ == module


async def test_each_loop_has_its_value_when_there_are_several() -> None:
    made = iter(range(10))
    numbers = PerLoop(lambda: next(made))

    async def read() -> int:
        return numbers.get()

    assert [numbers.get(), numbers.get()] == [0, 0]
    assert await asyncio.to_thread(asyncio.run, read()) == 1
    assert numbers.get() == 0
    assert [numbers.take(), numbers.take(), numbers.get()] == [0, None, 2]


async def test_all_work_is_done_before_its_first_failure_is_raised() -> None:
    done: list[int] = []

    async def work(number: int) -> int:
        await asyncio.sleep(0)
        done.append(number)
        if number % 2:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match="1"):
        await all_of(map(work, range(4)))
    assert sorted(done) == [0, 1, 2, 3]
    assert await all_of(map(work, (0, 2))) == [0, 2]


async def test_coroutine_runs_alone_when_a_loop_runs_here_and_for_no_longer_than_it_may() -> None:
    async def answer() -> int:
        return 7

    async def hang() -> None:
        await asyncio.sleep(1)

    assert run_alone(answer(), 60.0) == 7
    with pytest.raises(TimeoutError):
        run_alone(hang(), 0.01)
