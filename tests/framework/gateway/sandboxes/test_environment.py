"""The variables of a sandbox and the headers of an invocation."""

import os
from pathlib import Path

import pytest

from signalbox.gateway.sandboxes.environment import invocation_headers, sandbox_environment
from signalbox.gateway.sandboxes.sandbox import Function


def test_only_listed_variables_are_set_when_the_gateway_has_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "leaked")

    environment = sandbox_environment(Function("module.handler", Path("/task")), "sandbox-1")

    assert "HTTPS_PROXY" not in environment
    assert (environment["_HANDLER"], environment["LAMBDA_TASK_ROOT"]) == ("module.handler", "/task")
    assert environment["PATH"] == os.environ["PATH"]


def test_no_real_account_is_reachable_when_nothing_else_is_said() -> None:
    environment = sandbox_environment(Function("m.f", Path("/task")), "sandbox-1")

    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert {environment[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")} == {"local"}


def test_functions_own_variables_win_when_they_name_the_same() -> None:
    function = Function("m.f", Path("/task"), {"AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_NAME": "chat"})

    headers = invocation_headers(sandbox_environment(function, "sandbox-1"), "id-1", 3.0)

    assert headers["Lambda-Runtime-Invoked-Function-Arn"].endswith(":eu-west-1:000000000000:function:chat")
    assert headers["Lambda-Runtime-Aws-Request-Id"] == "id-1"
    assert len(headers["Lambda-Runtime-Trace-Id"]) == len(
        "Root=1-65f1a2b3-0123456789abcdef01234567;Sampled=0"
    )
