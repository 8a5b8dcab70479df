import re
import shutil
import subprocess
import sys

import pytest

from benchmarks import guards
from benchmarks.fanout import CEILING, WAYS
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["benchmarks.dispatch", "--rounds", "1", "--events", "10"], ["signalbox", "powertools, HTTP"]),
        (["benchmarks.guards", "--rounds", "1", "--events", "10"], list(guards.WAYS)),
        (
            ["benchmarks.fanout", "--rounds", "1", "--posts", "100", "--quick"],
            [way.name for way in WAYS if way.installed] + [CEILING] * bool(shutil.which("wrk")),
        ),
    ],
    ids=lambda value: value[0],
)
def test_every_row_has_a_ratio_when_measured(arguments: list[str], rows: list[str]) -> None:
    command = [sys.executable, "-m", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)

    assert re.findall(r"^\| ([^|]+) \| \d.* \| [\d.]+ \|$", run.stdout, re.MULTILINE) == rows
