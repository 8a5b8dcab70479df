"""What comes of a function that cannot be loaded.

Covers signalbox.gateway.sandboxes.socket_sandbox.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Function
from signalbox.gateway.sandboxes.socket_sandbox import SocketSandbox

WORKS = "def handler(event, context): return event"


def write(folder: Path, text: str) -> Path:
    (folder / "broken.py").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "handler", "error_type"),
    [
        ("import missing_module", "broken.handler", "Runtime.ImportModuleError"),
        (WORKS, "absent.handler", "Runtime.ImportModuleError"),
        ("def handler(:", "broken.handler", "Runtime.UserCodeSyntaxError"),
        ("raise RuntimeError('secret text')", "broken.handler", "RuntimeError"),
        (WORKS, "broken.other", "Runtime.HandlerNotFound"),
        (WORKS, "nodot", "Runtime.MalformedHandlerName"),
        (WORKS, "sys.exit", "Runtime.BuiltInModuleConflict"),
        ("import sys; sys.exit(5)", "broken.handler", "Runtime.ExitError"),
        ("import os; os._exit(5)", "broken.handler", "Runtime.ExitError"),
    ],
)
async def test_failure_is_init_when_the_function_cannot_be_loaded(
    make_pool: Callable[..., SandboxPool], tmp_path: Path, text: str, handler: str, error_type: str
) -> None:
    pool = make_pool(handler, folder=write(tmp_path, text))

    assert await pool.invoke(b"{}", "request-1") == Failure("init", error_type)


async def test_reason_is_logged_when_a_module_raises(
    make_pool: Callable[..., SandboxPool], tmp_path: Path, printed: Callable[[str], Awaitable[None]]
) -> None:
    await make_pool("broken.handler", folder=write(tmp_path, "raise RuntimeError('because')")).invoke(
        b"{}", "1"
    )

    await printed("because")


ONE_LINE = """
class RegistrationError(Exception):
    one_line = True

raise RegistrationError("routes.py: open_ticket asks for `db`, which nothing provides")
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise RuntimeError('because')", "because"),
        ("import missing_module", "Unable to import module 'broken': No module named 'missing_module'"),
        (ONE_LINE, "routes.py: open_ticket asks for `db`, which nothing provides"),
    ],
)
async def test_failure_has_the_message_of_the_error_when_a_module_raises(
    make_pool: Callable[..., SandboxPool], tmp_path: Path, text: str, message: str
) -> None:
    failure = await make_pool("broken.handler", folder=write(tmp_path, text)).invoke(b"{}", "1")

    assert isinstance(failure, Failure)
    assert failure.message == message


async def test_output_is_one_line_when_the_error_wants_no_traceback(tmp_path: Path, lines: list[str]) -> None:
    function = Function("broken.handler", write(tmp_path, ONE_LINE))
    sandbox = SocketSandbox("sandbox-1", function, lambda _, line: lines.append(line))
    await sandbox.start()
    await sandbox.stop()

    assert lines == [
        "[ERROR] broken.RegistrationError: routes.py: open_ticket asks for `db`, which nothing provides"
    ]


async def test_failure_is_init_when_loading_takes_too_long(
    make_pool: Callable[..., SandboxPool], tmp_path: Path
) -> None:
    pool = make_pool(
        "broken.handler", folder=write(tmp_path, "import time; time.sleep(60)"), init_timeout=0.3
    )

    assert await pool.invoke(b"{}", "request-1") == Failure("init", "Sandbox.Timedout")


async def test_failure_is_init_when_the_task_root_does_not_exist(
    make_pool: Callable[..., SandboxPool], tmp_path: Path
) -> None:
    pool = make_pool("broken.handler", folder=tmp_path / "absent")

    assert await pool.invoke(b"{}", "request-1") == Failure("init", "Sandbox.StartError")


async def test_every_caller_gets_a_failure_when_the_function_cannot_be_loaded(
    make_pool: Callable[..., SandboxPool], tmp_path: Path
) -> None:
    pool = make_pool("broken.handler", folder=write(tmp_path, "1 / 0"), size=2)

    results = await asyncio.gather(*(pool.invoke(b"{}", str(number)) for number in range(5)))

    assert results == [Failure("init", "ZeroDivisionError")] * 5


async def test_function_runs_when_its_module_was_repaired(
    make_pool: Callable[..., SandboxPool], tmp_path: Path
) -> None:
    pool = make_pool("broken.handler", folder=write(tmp_path, "import missing_module"))
    await pool.invoke(b"{}", "request-1")

    write(tmp_path, WORKS)

    assert await pool.invoke(b"{}", "request-2") == Answer(b"{}")


async def test_function_runs_when_its_module_is_in_a_package(
    make_pool: Callable[..., SandboxPool], tmp_path: Path
) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    write(tmp_path / "deep" / "er", WORKS)

    assert await make_pool("deep.er.broken.handler", folder=tmp_path).invoke(b"{}", "1") == Answer(b"{}")
    assert await make_pool("deep/er/broken.handler", folder=tmp_path).invoke(b"{}", "1") == Answer(b"{}")
