"""Every control of `docs/guarantees.md` has a test here that carries its number, and the other way round."""

import re

from tests.conftest import ROOT

NUMBERS = {f"S{number:02}" for number in range(1, 19)} - {"S15"}
"""S15 is compression, which API Gateway does not offer."""


def test_controls_and_tests_have_the_same_numbers_when_compared() -> None:
    table = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8").partition("## Security")[2]
    described = set(re.findall(r"^\| (S\d\d) \|", table, re.MULTILINE))
    tests = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("tests/security/test_*.py"))]
    shown = {
        number.upper()
        for text in tests
        for number in re.findall(r"^(?:async )?def test_(s\d\d)_", text, re.M)
    }
    assert described == NUMBERS
    assert shown == NUMBERS
