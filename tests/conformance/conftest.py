"""On a deployed API: whose credentials, and a table of what was found where docs/gateway.md is not sure."""

import re
from collections import defaultdict
from collections.abc import Callable

import pytest

from tests.conformance.deployed import URL
from tests.conftest import ROOT

UNSURE = re.compile(r"^\| (W\d+) \|.*\|[^|]*(?:inferred|disputed)[^|]*\|[^|]*\|$", re.MULTILINE)
Found = Callable[[str, object, object], None]

if URL:

    @pytest.fixture(autouse=True)
    def _no_real_account() -> None:
        """Credentials and region are whatever the caller's own SDK uses."""


@pytest.fixture
def found(record_property: Callable[[str, object], None]) -> Found:
    """Says of a fact what was found, and what is so here; they may differ on a deployed API alone."""

    def say(fact: str, there: object, here: object) -> None:
        record_property(fact, f"{there}" if there == here else f"{there}, here {here}")
        assert URL or there == here

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if not URL:
        return
    unsure = UNSURE.findall((ROOT / "docs" / "gateway.md").read_text())
    findings: defaultdict[str, set[str]] = defaultdict(set)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for fact, finding in _findings(report):
                findings[fact].add(finding)
    terminalreporter.section(f"what was found at {URL}")
    for fact in sorted({*unsure, *findings}, key=lambda fact: int(fact[1:])):
        if fact in unsure or findings[fact] - {"as here"}:
            said = findings[fact] - {"as here"} or findings[fact] or {"not asked"}
            terminalreporter.write_line(f"{fact:4} {'; '.join(sorted(said))}")


def _findings(report: pytest.TestReport) -> list[tuple[str, str]]:
    if report.user_properties:
        return [(fact, str(finding)) for fact, finding in report.user_properties]
    facts = re.findall(r"_w0*(\d+)", report.nodeid)
    finding = "as here" if report.passed else str(report.longrepr).splitlines()[-1]
    return [(f"W{fact}", finding) for fact in facts]
