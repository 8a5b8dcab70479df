"""Who dies with whom, and who notices.

Covers signalbox.gateway.sandboxes.parent_watch.
"""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from signalbox.gateway.sandboxes.child import PARENT_WATCH
from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.process_sandbox import ProcessSandbox
from signalbox.gateway.sandboxes.sandbox import Answer, Failure

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0
EXITED = Failure("crashed", "Runtime.ExitError")
Until = Callable[[Callable[[], bool]], Awaitable[None]]


@contextmanager
def pipe_held_by_others(path: Path) -> Iterator[int]:
    """The reading end of a named pipe, which reads empty once the last process that holds it is gone."""
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield reader
    finally:
        os.close(reader)


def read(pipe: int) -> bytes:
    assert select.select([pipe], [], [], PATIENCE)[0], "nothing happened"
    return os.read(pipe, 100)


def wait_until_held(pipe: int) -> None:
    end = time.monotonic() + PATIENCE
    # Until the first writer comes, macOS reports the end.
    while read(pipe) != b"held":
        assert time.monotonic() < end, "nobody took the pipe"
        time.sleep(0.005)


async def pid_of(result: Awaitable[Any]) -> int:
    answer = await result
    assert isinstance(answer, Answer), answer
    pid: int = json.loads(answer.payload)["pid"]
    return pid


async def test_only_its_invocation_fails_when_a_busy_sandbox_is_killed(
    make_pool: Callable[..., SandboxPool], until: Until, lines: list[str], tmp_path: Path
) -> None:
    pool = make_pool(size=2)
    event = json.dumps({"do": "wait", "file": str(tmp_path / "go")}).encode()
    running = [pool.invoke(event, "1"), pool.invoke(event, "2")]
    waiting = [pool.invoke(b"{}", str(number)) for number in range(10)]
    await until(lambda: lines == ["running", "running"])

    os.kill(pool.pids[0], signal.SIGKILL)
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    (tmp_path / "go").touch()

    results = [*await asyncio.gather(*running), *await asyncio.gather(*waiting)]
    assert [result for result in results if not isinstance(result, Answer)] == [EXITED]


async def test_nobody_notices_when_an_idle_sandbox_is_killed(pool: SandboxPool, until: Until) -> None:
    pid = await pid_of(pool.invoke(b"{}", "1"))

    os.kill(pid, signal.SIGKILL)
    await until(lambda: not pool.pids)

    assert await pid_of(pool.invoke(b"{}", "2")) != pid


@pytest.mark.parametrize("how", ["loop", "child"])
async def test_whole_process_group_is_killed_when_the_function_times_out(
    make_pool: Callable[..., SandboxPool], skip_time: Callable[[float], None], tmp_path: Path, how: str
) -> None:
    pool = make_pool(timeout=100.0)
    with pipe_held_by_others(tmp_path / "fifo") as pipe:
        event = {"do": "hold", "fifo": str(tmp_path / "fifo"), "how": how}
        running = pool.invoke(json.dumps(event).encode(), "1")
        await asyncio.to_thread(wait_until_held, pipe)

        skip_time(100.0)

        assert await running == Failure("timeout", "Sandbox.Timedout")
        assert read(pipe) == b""


async def test_running_function_fails_and_ends_when_the_pool_is_closed(
    pool: SandboxPool, printed: Callable[[str], Awaitable[None]]
) -> None:
    running = pool.invoke(b'{"do": "loop"}', "1")
    waiting = pool.invoke(b"{}", "2")
    await printed("running")
    [pid] = pool.pids

    await pool.close()

    assert await running == EXITED
    assert await waiting == await pool.invoke(b"{}", "3") == Failure("crashed", "Sandbox.Stopped")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_nothing_is_left_when_the_pool_is_closed_during_a_start(
    make_pool: Callable[..., SandboxPool],
) -> None:
    # What is left shows as a warning about an unclosed socket, which fails the test.
    for turns in range(16):
        pool = make_pool()
        caller = pool.invoke(b"{}", "1")
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            await pool.close()

            failure = await caller
            assert isinstance(failure, Failure)
            assert failure.kind == "crashed"


@pytest.mark.parametrize("how", ["idle", "loop"])
def test_sandbox_dies_when_the_gateway_is_killed(
    kind: type[ProcessSandbox], tmp_path: Path, how: str
) -> None:
    assert_dies_with_its_gateway(kind.__name__, tmp_path, how)


def test_children_of_the_function_die_too_when_the_gateway_is_killed(tmp_path: Path) -> None:
    assert_dies_with_its_gateway("SocketSandbox", tmp_path, "child")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread must run, and the lock is never free")
def test_sandbox_that_keeps_the_interpreter_lock_dies_when_the_gateway_is_killed(tmp_path: Path) -> None:
    assert_dies_with_its_gateway("SocketSandbox", tmp_path, "regex")


def assert_dies_with_its_gateway(kind: str, folder: Path, how: str) -> None:
    with pipe_held_by_others(folder / "fifo") as pipe:
        event = json.dumps({"do": "hold", "fifo": str(folder / "fifo"), "how": how})
        command = [sys.executable, str(Path(__file__).with_name("parent.py")), kind, event]
        with subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}) as parent:
            try:
                wait_until_held(pipe)
            finally:
                parent.kill()

        assert read(pipe) == b""


def test_watched_program_has_arguments_an_empty_input_and_its_folder_when_started(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import http, sys; print(sys.argv[1:], sys.path[0], http.__name__, sys.stdin.read(), __name__)"
    )
    for target in ("program", "program.py"):
        command = [sys.executable, str(PARENT_WATCH), target, "a", "-b"]
        with subprocess.Popen(
            command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as program:
            assert program.stdout is not None
            printed = program.stdout.read()

        assert printed.decode() == f"['a', '-b'] {tmp_path.resolve()} http  __main__\n"


def test_watched_program_ends_at_once_when_nobody_holds_its_input() -> None:
    ended = subprocess.run(
        [sys.executable, str(PARENT_WATCH), "http.server", "0"], stdin=subprocess.DEVNULL, timeout=PATIENCE
    )

    assert ended.returncode == 1
