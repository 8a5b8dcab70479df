"""The table of facts and the tests that carry their numbers say the same."""

import re
from pathlib import Path

from tests.conftest import ROOT

TESTS = [*Path(__file__).parent.glob("test_*.py"), *(ROOT / "tests" / "local").glob("test_gateway*.py")]


def documented() -> set[int]:
    """The facts docs/gateway.md lists."""
    return {
        int(number) for number in re.findall(r"^\| W(\d+) \|", (ROOT / "docs/gateway.md").read_text(), re.M)
    }


def proven() -> set[int]:
    """The facts that name a test."""
    names = re.findall(r"^async def test((?:_w\d+)+)_", "\n".join(path.read_text() for path in TESTS), re.M)
    return {int(number) for name in names for number in re.findall(r"_w(\d+)", name)}


def test_every_documented_fact_has_a_test_and_every_tested_fact_is_documented() -> None:
    assert documented() == proven()


def test_every_source_in_the_table_is_defined_and_every_definition_is_used() -> None:
    text = (ROOT / "docs/gateway.md").read_text()
    used = {label or name for name, label in re.findall(r"\[([^\]]+)\](?:\[([^\]]+)\])?(?!:)", text)}
    assert used == set(re.findall(r"^\[([^\]]+)\]: https://", text, re.M))
