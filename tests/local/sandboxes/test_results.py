"""What comes of an invocation, whatever the function does.

Covers signalbox.gateway.sandboxes.runtime_sandbox, signalbox.gateway.sandboxes.sandbox.
Covers signalbox.gateway.sandboxes.worker.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.process_sandbox import ProcessSandbox
from signalbox.gateway.sandboxes.runtime_sandbox import RuntimeSandbox
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Result

EXITED = Failure("crashed", "Runtime.ExitError")


async def run(pool: SandboxPool, **event: Any) -> Result:
    return await pool.invoke(json.dumps(event).encode(), "request-1")


async def value(pool: SandboxPool, **event: Any) -> Any:
    result = await run(pool, **event)
    assert isinstance(result, Answer), result
    return json.loads(result.payload)


async def test_event_comes_back_when_the_function_echoes_it(pool: SandboxPool) -> None:
    answer = await value(pool, text="héllo ☃", nested={"list": [1, None, True]})

    assert answer["event"] == {"text": "héllo ☃", "nested": {"list": [1, None, True]}}


async def test_sandbox_is_reused_when_it_is_warm(pool: SandboxPool) -> None:
    assert (await value(pool))["pid"] == (await value(pool))["pid"] == pool.pids[0]


@pytest.mark.parametrize(
    "text",
    ["boom", "", "x" * 200_000, "y" * 2_000_000, "é☃\x7f\x00\r\n: {", "'\"\\"],
    ids=lambda text: str(len(text)),
)
async def test_failure_names_the_type_and_nothing_more_when_the_function_raises(
    pool: SandboxPool, lines: list[str], printed: Callable[[str], Awaitable[None]], text: str
) -> None:
    pid = (await value(pool))["pid"]

    assert await run(pool, do="raise", text=text) == Failure("error", "ValueError")
    assert (await value(pool))["pid"] == pid
    await printed("[ERROR] ValueError")
    assert any("functions.py" in line for line in lines)


async def test_error_text_is_logged_when_the_function_raises(
    pool: SandboxPool, printed: Callable[[str], Awaitable[None]]
) -> None:
    await run(pool, do="raise", text="only for the log")

    await printed("only for the log")


@pytest.mark.parametrize(
    ("what", "payload"),
    [("nothing", b"null"), ("nan", b"NaN"), ("bytes", b'{"raw":true}'), ("text", b'"plain"')],
)
async def test_answer_is_what_lambda_makes_of_it_when_the_function_returns_something_odd(
    pool: SandboxPool, what: str, payload: bytes
) -> None:
    assert await run(pool, do="return", what=what) == Answer(payload)


async def test_decimals_become_numbers_when_they_are_returned(pool: SandboxPool) -> None:
    assert await value(pool, do="return", what="decimals") == [1, 1.5, -0.25, "bytes"]


@pytest.mark.parametrize("what", ["object", "circle"])
async def test_failure_is_a_marshal_error_when_the_answer_is_not_json(pool: SandboxPool, what: str) -> None:
    pid = (await value(pool))["pid"]

    assert await run(pool, do="return", what=what) == Failure("error", "Runtime.MarshalError")
    assert (await value(pool))["pid"] == pid


async def test_failure_is_an_unmarshal_error_when_the_event_is_not_json(pool: SandboxPool) -> None:
    assert await pool.invoke(b"{\n", "request-1") == Failure("error", "Runtime.UnmarshalError")
    assert await value(pool)


@pytest.mark.parametrize(
    ("event", "end"),
    [
        ({"do": "exit", "status": 3}, "exit status 3"),
        ({"do": "exit", "status": 0}, "exit status 0"),
        ({"do": "vanish"}, "exit status 9"),
        ({"do": "interrupt"}, "interrupt"),
    ],
)
async def test_sandbox_is_replaced_when_the_function_ends_its_process(
    pool: SandboxPool, printed: Callable[[str], Awaitable[None]], event: dict[str, Any], end: str
) -> None:
    pid = (await value(pool))["pid"]

    assert await run(pool, **event) == EXITED
    await printed(end)
    assert (await value(pool))["pid"] != pid


async def test_sandbox_is_killed_and_replaced_when_the_function_never_ends(
    make_pool: Callable[..., SandboxPool],
    printed: Callable[[str], Awaitable[None]],
    skip_time: Callable[[float], None],
) -> None:
    pool = make_pool(timeout=100.5)
    pid = (await value(pool))["pid"]
    running = asyncio.create_task(run(pool, do="loop"))
    await printed("running")

    skip_time(100.5)

    assert await running == Failure("timeout", "Sandbox.Timedout")
    await printed("RequestId: request-1 Error: Task timed out after 100.50 seconds")
    assert (await value(pool))["pid"] != pid


async def test_payload_passes_when_it_is_just_within_the_limit(pool: SandboxPool) -> None:
    size = 6_000_000

    assert len(await value(pool, do="swell", size=size)) == size
    assert len((await value(pool, text="x" * size))["event"]["text"]) == size


@pytest.mark.parametrize("size", [6_291_555, 30_000_000])
async def test_failure_is_too_large_and_the_sandbox_lives_when_the_answer_exceeds_the_limit(
    pool: SandboxPool, size: int
) -> None:
    pid = (await value(pool))["pid"]

    assert await run(pool, do="swell", size=size) == Failure("too_large", "Function.ResponseSizeTooLarge")
    assert (await value(pool))["pid"] == pid


async def test_event_is_refused_when_it_exceeds_the_limit(pool: SandboxPool) -> None:
    assert await run(pool, text="x" * 6_291_556) == Failure("too_large", "RequestEntityTooLargeException")
    assert pool.pids == []


async def test_pool_survives_when_a_lone_surrogate_is_echoed(
    make_pool: Callable[..., SandboxPool], kind: type[ProcessSandbox]
) -> None:
    # From 3.12 on AWS's client writes UTF-8, which has no surrogates, and dies of it.
    pool = make_pool(AWS_EXECUTION_ENV="AWS_Lambda_python3.12")

    result = await pool.invoke(b'{"text": "\\ud800"}', "request-1")

    assert result == (EXITED if kind is RuntimeSandbox else Failure("error", "Runtime.MarshalError"))
    assert await value(pool)


async def test_pool_survives_when_an_error_text_holds_a_lone_surrogate(
    pool: SandboxPool, kind: type[ProcessSandbox]
) -> None:
    result = await pool.invoke(b'{"do": "raise", "text": "\\ud800"}', "request-1")

    assert result == (EXITED if kind is RuntimeSandbox else Failure("error", "ValueError"))
    assert await value(pool)


async def test_function_goes_on_and_keeps_its_sandbox_when_the_caller_gives_up(
    pool: SandboxPool, printed: Callable[[str], Awaitable[None]], tmp_path: Path
) -> None:
    caller = asyncio.create_task(run(pool, do="wait", file=str(tmp_path / "go")))
    await printed("running")
    [pid] = pool.pids
    caller.cancel()
    following = asyncio.create_task(value(pool))
    await asyncio.wait({caller})
    assert not following.done()

    (tmp_path / "go").touch()

    assert (await following)["pid"] == pid
