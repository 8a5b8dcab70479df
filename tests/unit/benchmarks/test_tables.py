import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["benchmarks.dispatch", "--rounds", "1", "--events", "10"], ["signalbox", "powertools, HTTP"]),
        (["benchmarks.start", "--rounds", "1"], ["boto3.client('dynamodb')", "handlers.websocket"]),
        (
            ["benchmarks.fanout", "--rounds", "1", "--posts", "100"],
            ["signalbox, uvloop", "signalbox, asyncio", "boto3, one by one", "boto3, 16 threads"] * 2,
        ),
    ],
    ids=lambda value: value[0],
)
def test_every_row_has_a_ratio_when_measured(arguments: list[str], rows: list[str]) -> None:
    command = [sys.executable, "-m", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)

    assert re.findall(r"^\| ([^|]+) \| \d.* \| [\d.]+ \|$", run.stdout, re.MULTILINE) == rows
