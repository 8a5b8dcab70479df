import asyncio
import gc
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest
import uvloop

from signalbox.resolver import RUNTIME, Context, Runtime, WebSocketResolver

Build = Callable[..., dict[str, Any]]
Ask = Callable[..., Any]

LOCK = asyncio.Lock()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runtime(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    runtime = Runtime(request.param)
    yield runtime
    runtime.close()


async def _loop() -> asyncio.AbstractEventLoop:
    await asyncio.sleep(0)
    return asyncio.get_running_loop()


def test_f29_lock_of_a_module_works_when_the_sandbox_is_called_again(ask: Ask) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    async def handler() -> Any:
        async def wait() -> None:
            async with LOCK:
                await asyncio.sleep(0)

        await asyncio.gather(wait(), wait(), wait())
        return {"ok": True}

    assert ask(resolver, {"action": "a"}) == {"ok": True}
    assert ask(resolver, {"action": "a"}) == {"ok": True}
    loop = RUNTIME.run(_loop())
    assert asyncio.all_tasks(loop) == set()


def test_loop_is_the_same_for_every_call_until_it_is_closed(runtime: Runtime) -> None:
    first = runtime.run(_loop())
    assert runtime.run(_loop()) is first
    runtime.close()
    assert first.is_closed()
    assert runtime.run(_loop()) is not first


def test_f29_tasks_left_behind_are_cancelled_and_awaited(runtime: Runtime) -> None:
    ended: list[str] = []

    async def linger(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            if name == "parent":
                left.append(asyncio.get_running_loop().create_task(linger("child of the clean-up")))
                await asyncio.sleep(0)
            ended.append(name)

    async def leave() -> asyncio.AbstractEventLoop:
        left.append(asyncio.create_task(linger("parent")))
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    left: list[asyncio.Task[None]] = []
    loop = runtime.run(leave())
    assert ended == ["parent", "child of the clean-up"]
    assert asyncio.all_tasks(loop) == set()
    assert all(task.cancelled() for task in left)


def test_tasks_left_behind_do_not_matter_when_they_fail_or_exit(runtime: Runtime) -> None:
    async def fail_late(error: BaseException) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise error

    async def leave() -> str:
        tasks = [asyncio.create_task(fail_late(error)) for error in (ValueError(), SystemExit(1))]
        await asyncio.sleep(0)
        return f"left {len(tasks)}"

    assert runtime.run(leave()) == "left 2"
    assert runtime.run(leave()) == "left 2"


def test_system_exit_in_a_task_reaches_who_awaits_it_and_stops_nothing(ask: Ask) -> None:
    reported: list[BaseException] = []
    resolver = WebSocketResolver(on_unexpected=lambda _context, error: reported.append(error))

    async def leave() -> None:
        raise SystemExit(3)

    @resolver.on_message("a")
    async def handler() -> None:
        await asyncio.create_task(leave())

    @resolver.on_message("b")
    async def unawaited() -> Any:
        task = asyncio.create_task(leave())
        await asyncio.wait([task])
        return {"exited": isinstance(task.exception(), SystemExit)}

    assert ask(resolver, {"action": "a"})["code"] == "internal"
    assert ask(resolver, {"action": "b"}) == {"exited": True}
    assert [type(error) for error in reported] == [SystemExit]


def test_result_and_error_are_the_coroutines(runtime: Runtime) -> None:
    async def fail(error: BaseException) -> None:
        raise error

    for error in (ValueError(), SystemExit(3), KeyboardInterrupt()):
        with pytest.raises(type(error)) as raised:
            runtime.run(fail(error))
        assert raised.value is error
    assert runtime.run(asyncio.sleep(0, "result")) == "result"


async def test_work_is_done_in_another_thread_when_a_loop_runs_here(runtime: Runtime) -> None:
    user: ContextVar[str] = ContextVar("user")
    user.set("ada")

    async def look() -> tuple[str, bool, asyncio.AbstractEventLoop]:
        return user.get(), threading.current_thread() is threading.main_thread(), await _loop()

    name, in_main_thread, loop = runtime.run(look())
    assert (name, in_main_thread) == ("ada", False)
    assert loop is not asyncio.get_running_loop()
    assert runtime.run(_loop()) is loop


async def test_resolve_works_when_a_loop_runs_here(ask: Ask) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    async def handler(context: Context) -> Any:
        await asyncio.sleep(0)
        return {"id": 1}

    assert ask(resolver, {"action": "a"}) == {"id": 1}


def test_calls_are_served_one_at_a_time_when_threads_call_at_once(message: Build) -> None:
    resolver = WebSocketResolver()
    inside, most = 0, 0

    @resolver.on_message("a")
    async def handler(body: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return {"n": body["n"]}

    def call(n: int) -> Any:
        return resolver.resolve(message({"action": "a", "n": n}))["body"]

    with ThreadPoolExecutor(8) as threads:
        bodies = list(threads.map(call, range(100), timeout=30))
    assert bodies == [f'{{"n":{n}}}' for n in range(100)]
    assert most == 1


@pytest.mark.parametrize("in_a_thread", [False, True])
def test_resolve_inside_a_handler_is_refused_and_does_not_wait_for_itself(
    ask: Ask, message: Build, in_a_thread: bool
) -> None:
    reported: list[BaseException] = []
    resolver = WebSocketResolver(on_unexpected=lambda _context, error: reported.append(error))

    @resolver.on_message("sync")
    def nested() -> Any:
        return resolver.resolve(message({"action": "b"}))

    @resolver.on_message("async")
    async def nested_async() -> Any:
        return nested()

    assert ask(resolver, {"action": "sync" if in_a_thread else "async"})["code"] == "internal"
    assert "await dispatch()" in str(reported[0])


def test_s14_failure_nobody_awaited_is_logged_without_its_text(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ValueError("canary")

    async def forget() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        assert task.done()
        del task
        gc.collect()

    with caplog.at_level(logging.DEBUG):
        runtime.run(forget())
    assert "nobody awaited a failure: ValueError" in caplog.text
    assert "canary" not in caplog.text


def test_close_does_nothing_when_nothing_ran() -> None:
    Runtime().close()
