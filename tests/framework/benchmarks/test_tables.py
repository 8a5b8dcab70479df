import re
import shutil
import subprocess
import sys

import pytest

from benchmarks import gateway, guards
from benchmarks.fanout import CEILING, WAYS
from benchmarks.inbound import BUDGETS
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["benchmarks.dispatch", "--rounds", "1", "--events", "10"], ["signalbox", "powertools, HTTP"]),
        (["benchmarks.guards", "--rounds", "1", "--events", "10"], list(guards.WAYS)),
        (
            ["benchmarks.start", "--rounds", "1"],
            ["boto3.client('dynamodb')", "handlers.websocket", "handlers.authorizer"],
        ),
        (
            ["benchmarks.fanout", "--rounds", "1", "--posts", "100", "--quick"],
            [way.name for way in WAYS if way.installed] + [CEILING] * bool(shutil.which("wrk")),
        ),
        (["benchmarks.inbound", "--rounds", "1", "--recipients", "20"], list(BUDGETS)),
        (
            ["benchmarks.gateway", "--rounds", "1", "--messages", "320", "--connections", "200"],
            gateway.sides() * 4 if sys.platform == "linux" else [],
        ),
        (["benchmarks.ack", "--broadcasts", "1", "--recipients", "2", "60"], ["2", "60"]),
    ],
    ids=lambda value: value[0],
)
def test_every_row_has_a_ratio_when_measured(arguments: list[str], rows: list[str]) -> None:
    command = [sys.executable, "-m", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)

    assert re.findall(r"^\| ([^|]+) \| \d.* \| [\d.]+ \|$", run.stdout, re.MULTILINE) == rows
