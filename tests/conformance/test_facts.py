"""The table of facts and the tests that carry their numbers say the same, and say all of it."""

import re
from pathlib import Path

from tests.conftest import ROOT

CONFORMANCE = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
TESTS = [*CONFORMANCE, *(ROOT / "tests" / "local").glob("test_gateway*.py")]
TEXT = (ROOT / "docs" / "gateway.md").read_text()
FACTS, DEVIATIONS = TEXT.split("## Known deviations")
ALL = set(range(1, 97))


def listed(text: str) -> list[int]:
    """The facts that have a row."""
    return [int(number) for number in re.findall(r"^\| W(\d+) \|", text, re.M)]


def names(paths: list[Path]) -> list[str]:
    """The names of the tests in these files."""
    text = "\n".join(path.read_text() for path in paths)
    return re.findall(r"^(?:async )?def (test_\w+)", text, re.M)


def facts_of(name: str) -> set[int]:
    """The facts a test names."""
    carried = re.match(r"test((?:_w\d+)*)_", name)
    return {int(number) for number in re.findall(r"\d+", carried[1])} if carried else set()


def test_every_fact_has_one_row_as_a_fact_or_as_a_deviation() -> None:
    rows = listed(TEXT)
    assert len(rows) == len(set(rows))
    assert ALL - set(rows) == set(rows) - ALL == set()


def test_every_fact_has_a_public_source_or_is_called_inferred() -> None:
    rows = re.findall(r"^\| (W\d+) \|(.*)\|([^|]*)\|$", TEXT, re.M)
    assert [fact for fact, known, source in rows if "[" not in source and "inferred" not in known] == []


def test_every_fact_that_is_no_deviation_has_a_test_and_no_deviation_has_one() -> None:
    proven = set[int]().union(*(facts_of(name) for name in names(TESTS)))
    assert proven == set(listed(FACTS))


def test_every_conformance_test_names_a_fact() -> None:
    assert [name for name in names(CONFORMANCE) if not facts_of(name)] == []


def test_every_source_in_the_table_is_defined_and_every_definition_is_used() -> None:
    prose = re.sub(r"`[^`\n]+`", "", TEXT)
    used = {label or name for name, label in re.findall(r"\[([^\]]+)\](?:\[([^\]]+)\])?(?![:(])", prose)}
    assert used == set(re.findall(r"^\[([^\]]+)\]: https://", TEXT, re.M))
