"""The Lambda functions start with the settings that the stack gives them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SETTINGS = {
    "TABLE_NAME": "connections",
    "MANAGEMENT_ENDPOINT": "http://127.0.0.1:1/test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "ALLOW_GUESTS": "true",
    "FANOUT_QUEUE_URL": "http://127.0.0.1:1/queue",
}


@pytest.mark.parametrize("name", ["websocket", "authorizer", "worker", "sweeper"])
def test_function_starts_when_its_settings_are_there(name: str) -> None:
    code = f"from handlers.{name} import handler; print(callable(handler))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **SETTINGS},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout == "True\n", done.stderr
