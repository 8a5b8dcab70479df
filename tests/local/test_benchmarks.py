"""Benchmarks of the product as it runs: each prints its table."""

import re
import subprocess
import sys

import pytest

from benchmarks import ack, aws, functions, gateway, start
from benchmarks.aws_way import WAYS
from benchmarks.inbound import BUDGETS
from tests.conftest import ROOT, LocalRun

ROW = re.compile(r"^\| ([^|]+) \| \d.* \| [\d.]+ \|$", re.MULTILINE)
"""A row of a table with a ratio, or another figure, at its end."""


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (
            ["benchmarks.start", "--rounds", "1"],
            list(start.PROGRAMS)[1:],
        ),
        (["benchmarks.aws", "--rounds", "1", "--requests", "20"], [*WAYS, *aws.peer_names()]),
        (["benchmarks.functions", "--events", "20"], list(functions.EVENTS)),
        (["benchmarks.inbound", "--rounds", "1", "--recipients", "20"], list(BUDGETS)),
        (
            ["benchmarks.gateway", "--rounds", "1", "--messages", "320", "--connections", "200"],
            gateway.sides() * 4 if sys.platform == "linux" else [],
        ),
    ],
    ids=lambda value: value[0],
)
def test_every_row_has_a_ratio_when_measured(arguments: list[str], rows: list[str]) -> None:
    command = [sys.executable, "-m", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)

    assert ROW.findall(run.stdout) == rows


def test_every_row_has_its_seconds_when_answers_are_measured(
    local_run: LocalRun, capsys: pytest.CaptureFixture[str]
) -> None:
    ack.main(["--broadcasts", "1", "--recipients", "2", "60", "--url", local_run.websocket_url])

    assert ROW.findall(capsys.readouterr().out) == ["2", "60"]
