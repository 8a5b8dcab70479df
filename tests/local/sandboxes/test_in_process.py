"""The sandbox for a debugger: the function in this very process."""

import asyncio
import io
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from signalbox.gateway.sandboxes.in_process import InProcessSandbox
from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Function

FOLDER = Path(__file__).parent


@pytest.fixture
async def pool() -> AsyncIterator[SandboxPool]:
    """The function in functions.py, once."""
    function = Function("functions.handler", FOLDER, {"TABLE_NAME": "connections"})
    pool = SandboxPool(lambda _: InProcessSandbox("here", function), 1, timeout=0.01, init_timeout=None)
    yield pool
    await pool.close()


async def test_function_runs_in_this_process_when_invoked(pool: SandboxPool) -> None:
    result = await pool.invoke(b'{"a": 1}', "1")

    assert isinstance(result, Answer)
    assert json.loads(result.payload) == {"pid": os.getpid(), "event": {"a": 1}}
    assert pool.pids == []


async def test_function_is_not_stopped_when_it_exceeds_the_timeout(pool: SandboxPool, tmp_path: Path) -> None:
    event = {"do": "wait", "file": str(tmp_path / "go")}
    running = pool.invoke(json.dumps(event).encode(), "1")
    done, _ = await asyncio.wait({running}, timeout=0.1)
    assert not done

    (tmp_path / "go").touch()

    assert isinstance(await running, Answer)


async def test_environment_is_the_functions_until_the_pool_is_closed(
    pool: SandboxPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before, path = dict(os.environ), list(sys.path)

    result = await pool.invoke(b'{"do": "describe"}', "request-7")

    assert isinstance(result, Answer)
    seen = json.loads(result.payload)
    assert (seen["request_id"], seen["environment"]["TABLE_NAME"]) == ("request-7", "connections")
    await pool.close()
    assert dict(os.environ) == before
    assert sys.path == path


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"do": "raise", "text": "only for the log"}, Failure("error", "ValueError")),
        ({"do": "exit", "status": 3}, Failure("crashed", "Runtime.ExitError")),
        ({"do": "interrupt"}, Failure("crashed", "Runtime.ExitError")),
        ({"do": "return", "what": "object"}, Failure("error", "Runtime.MarshalError")),
        ({"do": "swell", "size": 7_000_000}, Failure("too_large", "Function.ResponseSizeTooLarge")),
    ],
)
async def test_gateway_goes_on_when_the_function_fails(
    pool: SandboxPool, event: dict[str, object], failure: Failure
) -> None:
    assert await pool.invoke(json.dumps(event).encode(), "1") == failure
    assert isinstance(await pool.invoke(b"{}", "2"), Answer)


@pytest.mark.parametrize(
    ("text", "error_type", "message"),
    [
        ("import missing_module", "Runtime.ImportModuleError", "No module named 'missing_module'"),
        ("def handler(:", "Runtime.UserCodeSyntaxError", "invalid syntax"),
        ("1 / 0", "ZeroDivisionError", "division by zero"),
        ("import sys; sys.exit(5)", "Runtime.ExitError", ""),
    ],
)
async def test_failure_is_init_when_the_function_cannot_be_loaded(
    tmp_path: Path, text: str, error_type: str, message: str
) -> None:
    (tmp_path / "broken_in_process.py").write_text(text)
    function = Function("broken_in_process.handler", tmp_path)
    pool = SandboxPool(lambda _: InProcessSandbox("here", function), 1, timeout=1)

    failure = await pool.invoke(b"{}", "1")

    assert failure == Failure("init", error_type)
    assert message in failure.message
    await pool.close()


async def test_pool_closes_when_the_function_never_ends(
    pool: SandboxPool, until: Callable[[Callable[[], bool]], Awaitable[None]], tmp_path: Path
) -> None:
    event = {"do": "wait", "file": str(tmp_path / "go")}
    running = pool.invoke(json.dumps(event).encode(), "1")
    await until(lambda: any(thread.name == "here" for thread in threading.enumerate()))

    await pool.close()

    assert await running == Failure("crashed", "Sandbox.Stopped")
    (tmp_path / "go").touch()
