"""Covers signalbox.pricing.prices."""

import sys
from pathlib import Path
from subprocess import run

import pytest

from signalbox.pricing import broadcast, prices
from signalbox.pricing.month import LOADS, MONTH, SHARDS, Load, Usage, main, month, table
from tests.conftest import ROOT

OPERATIONS = ROOT / "docs" / "operations.md"


def test_table_in_the_manual_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0

    assert capsys.readouterr().out == f"{table()}\n"
    assert table() in OPERATIONS.read_text()


def test_cost_is_printed_when_the_package_has_no_documents_beside_it(tmp_path: Path) -> None:
    for folder in ("signalbox", "signalbox/pricing"):
        (tmp_path / folder).mkdir()
        for source in (ROOT / folder).glob("*.py"):
            (tmp_path / folder / source.name).write_bytes(source.read_bytes())

    printed = run(
        [sys.executable, "-m", "signalbox", "cost"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    assert (printed.returncode, printed.stdout) == (0, f"{table()}\n"), printed.stderr


def test_broadcasts_are_priced_as_the_application_does() -> None:
    (*_, listening) = LOADS
    usage = Usage.of(Load("quiet", people=listening.people))
    quiet, loud = (month(load) for load in (Load("", people=listening.people), listening))
    posts = Usage.of(listening).posts
    estimated = MONTH * broadcast.estimate(listening.people, 0, 1_000, slices=SHARDS)
    cheaper = (prices.MESSAGE - prices.CHEAPER_MESSAGE) * (usage.messages + posts - prices.CHEAPER_BEYOND)

    added = sum(loud[service] - quiet[service] for service in ("API Gateway", "DynamoDB", "SQS"))

    assert abs(added + cheaper - estimated) / estimated < 0.01


def test_idle_stack_costs_what_it_is_watched_with() -> None:
    idle = month(LOADS[0])

    assert idle["API Gateway"] == 0
    assert sum(idle.values()) < 10
