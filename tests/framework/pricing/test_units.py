import re

from signalbox.pricing.units import UNITS
from tests.conftest import ROOT


def test_units_are_those_of_the_document_whose_rows_are_measured() -> None:
    document = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| ([^|]+?) \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|", document, re.MULTILINE)

    assert {name: (float(reads), float(writes)) for name, reads, writes in rows} == UNITS
