"""Pools of real sandboxes, of both kinds, around the function in functions.py."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.process_sandbox import ProcessSandbox
from signalbox.gateway.sandboxes.runtime_sandbox import RuntimeSandbox
from signalbox.gateway.sandboxes.sandbox import Function
from signalbox.gateway.sandboxes.socket_sandbox import SocketSandbox

FOLDER = Path(__file__).parent
PATIENCE = 60.0

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="AWS's runtime client exists for Linux only")


@pytest.fixture(params=[pytest.param(RuntimeSandbox, id="runtime", marks=linux_only), SocketSandbox])
def kind(request: pytest.FixtureRequest) -> type[ProcessSandbox]:
    """Each kind of process sandbox in turn."""
    chosen: type[ProcessSandbox] = request.param
    return chosen


@pytest.fixture
def lines() -> list[str]:
    """Every line the sandboxes printed so far."""
    return []


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait until a condition holds."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 nobody sets an event when another process does something
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
def printed(
    until: Callable[[Callable[[], bool]], Awaitable[None]], lines: list[str]
) -> Callable[[str], Awaitable[None]]:
    """Wait until a line with the given text was printed."""
    return lambda text: until(lambda: any(text in line for line in lines))


@pytest.fixture
def skip_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let timers ring as if so much time had passed."""

    def skip(seconds: float) -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda time=loop.time: time() + seconds)

    return skip


@pytest.fixture
async def make_pool(
    kind: type[ProcessSandbox], lines: list[str]
) -> AsyncIterator[Callable[..., SandboxPool]]:
    """Make a pool around a function; it is closed afterwards, whatever became of it."""
    pools: list[SandboxPool] = []

    def make(
        handler: str = "functions.handler",
        *,
        folder: Path = FOLDER,
        size: int = 1,
        timeout: float = PATIENCE,
        init_timeout: float = PATIENCE,
        **environment: str,
    ) -> SandboxPool:
        function = Function(handler, folder, environment)
        pool = SandboxPool(
            lambda number: kind(f"sandbox-{number}", function, lambda _, line: lines.append(line)),
            size,
            timeout=timeout,
            init_timeout=init_timeout,
        )
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        await pool.close()
        assert pool.pids == []


@pytest.fixture
def pool(make_pool: Callable[..., SandboxPool]) -> SandboxPool:
    """One sandbox of the function in functions.py."""
    return make_pool()
