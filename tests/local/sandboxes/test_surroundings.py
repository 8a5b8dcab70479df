"""What a function finds around it, and where its output goes."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import signalbox.gateway as local_gateway
from signalbox.gateway.sandboxes.pool import SandboxPool


async def describe(pool: SandboxPool) -> dict[str, Any]:
    result = await pool.invoke(b'{"do": "describe"}', "request-7")
    description: dict[str, Any] = json.loads(result.payload)  # type: ignore[union-attr]  # a Failure fails the test
    return description


async def test_context_is_lambdas_when_the_function_asks(make_pool: Callable[..., SandboxPool]) -> None:
    seen = await describe(make_pool(timeout=3.0))

    assert seen["request_id"] == "request-7"
    assert 0 < seen["remaining"] <= 3000
    assert seen["function"] == ["local", "$LATEST", "1024"]
    assert seen["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:local"
    assert seen["log"] == ["/aws/lambda/local", "sandbox-1"]
    assert seen["identity"] is seen["client_context"] is None


async def test_nothing_of_the_gateway_leaks_in_when_a_sandbox_starts(
    make_pool: Callable[..., SandboxPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    leaks = ("HTTP_PROXY", "PYTHONPATH", "PYTHONSAFEPATH", "AWS_PROFILE", "AWS_SESSION_TOKEN", "SECRET")
    for name in leaks:
        monkeypatch.setenv(name, "leaked")

    environment = (await describe(make_pool(TABLE_NAME="connections", AWS_REGION="eu-west-1")))["environment"]

    assert "leaked" not in environment.values()
    assert environment["TABLE_NAME"] == "connections"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_ACCESS_KEY_ID"] == "local"
    assert environment["_X_AMZN_TRACE_ID"].startswith("Root=1-")


async def test_function_finds_its_own_modules_and_the_standard_ones_when_it_imports(
    pool: SandboxPool,
) -> None:
    seen = await describe(pool)

    assert seen["path"][0] == str(Path(__file__).parent)
    assert Path(local_gateway.__file__).parent not in [Path(entry) for entry in seen["path"]]
    assert Path(seen["http"]).parent.name == "http"


async def test_standard_input_is_empty_when_the_function_reads_it(pool: SandboxPool) -> None:
    assert (await describe(pool))["stdin"] == ""


async def test_function_is_not_held_up_when_it_prints_a_lot(pool: SandboxPool, lines: list[str]) -> None:
    event = {"do": "print", "text": "x" * 99 + "\n", "times": 2_000}

    for _ in range(3):
        await pool.invoke(json.dumps(event).encode(), "1")
    await pool.close()

    assert lines == ["x" * 99] * 6_000


async def test_last_line_is_kept_when_it_was_never_ended(pool: SandboxPool, lines: list[str]) -> None:
    await pool.invoke('{"do": "print", "text": "half a líne ☃", "times": 1}'.encode(), "1")
    await pool.close()

    assert lines == ["half a líne ☃"]


async def test_log_record_carries_the_request_id_when_the_function_logs(
    pool: SandboxPool, lines: list[str], printed: Callable[[str], Awaitable[None]]
) -> None:
    await pool.invoke(b'{"do": "log", "text": "watch out"}', "request-9")

    await printed("watch out")
    assert [line.split("\t")[0] for line in lines] == ["[WARNING]"]
    assert [line.split("\t")[2:] for line in lines] == [["request-9", "watch out"]]
