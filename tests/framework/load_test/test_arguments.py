"""Covers signalbox.load_test.errors."""

import sys
from pathlib import Path

import pytest

from signalbox.load_test.arguments import check_outputs, make_parser
from signalbox.load_test.errors import UsageError


def test_one_sentence_says_what_to_install_when_the_library_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    options = make_parser().parse_args(["--url", "ws://h/", "--report", str(tmp_path / "report.html")])

    with pytest.raises(UsageError) as raised:
        check_outputs(options)

    assert str(raised.value) == (
        "signalbox load --report needs the package matplotlib: pip install 'signalbox[load]'"
    )


def test_the_library_is_not_asked_for_when_no_report_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    check_outputs(make_parser().parse_args(["--url", "ws://h/"]))
