"""Nothing that answers an event loads the AWS SDK; the tests in `tests/local` answer all kinds of them so."""

import os
import subprocess
import sys

import pytest

from signalbox.dev.project import find_project
from tests.conftest import ROOT
from tests.infrastructure.templates import Template

ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "FANOUT_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/fanout",
    "JWT_AUDIENCE": "chat",
    "JWT_ISSUER": "https://id.example.com",
    "MANAGEMENT_ENDPOINT": "https://abc123.execute-api.eu-west-1.amazonaws.com/dev",
    "TABLE_NAME": "signalbox",
    "TICKET_SECRET": "x" * 32,
}


def handlers(template: Template) -> list[str]:
    return [each["Handler"] for each in template.all("Lambda::Function")]


def run(handler: str, code: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **ENVIRONMENT, "_HANDLER": handler}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_every_function_starts_when_there_is_no_sdk(dev: Template) -> None:
    assert len(handlers(dev)) >= 4
    for handler in handlers(dev):
        module, _, function = handler.rpartition(".")
        done = run(handler, f"from {module} import {function}")
        assert done.returncode == 0, f"{handler}: {done.stderr}"


@pytest.mark.parametrize("package", ["boto3", "botocore.session"])
def test_sdk_is_refused_to_functions_and_to_nobody_else(package: str) -> None:
    assert "ModuleNotFoundError" in run("handlers.websocket.handler", f"import {package}").stderr
    assert run("somebody.else", f"import {package}").returncode == 0


def test_sdk_is_refused_to_the_functions_of_the_local_run() -> None:
    variables = find_project(ROOT).environment
    passed_on = {name: os.environ.get(name, value) for name, value in variables.items()}

    assert str(ROOT / "tests" / "no_sdk") in passed_on["PYTHONPATH"].split(os.pathsep)
