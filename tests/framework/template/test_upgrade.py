"""`signalbox upgrade` tells an application what is new, and changes nothing.

Covers signalbox.template.record.
"""

from pathlib import Path

import pytest

from signalbox.template import upgrade
from signalbox.template.new import write
from signalbox.template.record import Record, digest, read_record

CHANGELOG = """# Changelog

## Unreleased

* next

## 0.10.0

* ten

### Changed

* more of ten

## 0.2.0 (2026-11-30)

* two

## 0.1.0

* one
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "demo")
    return tmp_path


def report(root: Path, **changes: str | None) -> list[str]:
    """The files that are printed when some were different when they were written, or were none."""
    record = read_record(root)
    files = {**record.files, **{path: text and digest(text.encode()) for path, text in changes.items()}}
    before = Record("demo", "0.1.0", {path: text for path, text in files.items() if text})
    return [line.strip() for line in upgrade.report(root, before, "0.2.0") if line.startswith("  ")]


def test_sections_are_those_between_when_versions_are_compared_as_numbers() -> None:
    found = upgrade.sections(CHANGELOG, "0.1.0", "0.10.0")

    assert [section.splitlines()[0] for section in found] == ["## 0.10.0", "## 0.2.0 (2026-11-30)"]
    assert found[0].endswith("* more of ten")
    assert upgrade.sections(CHANGELOG, "0.2.0", "0.2.0") == []
    assert upgrade.sections("# Changelog\n", "0.1.0", "0.2.0") == []


def test_nothing_differs_when_the_version_is_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)

    assert upgrade.main([]) == 0
    assert capsys.readouterr().out.endswith("\n\nNo file differs.\n")


def test_file_is_untouched_when_it_is_as_it_was_written(root: Path) -> None:
    (root / "app.py").write_text("before")

    assert report(root, **{"app.py": "before"}) == ["changed  app.py: yours is untouched"]


def test_file_is_edited_when_it_is_not_as_it_was_written(root: Path) -> None:
    assert report(root, **{"app.py": "before"}) == ["changed  app.py: edited"]


def test_file_is_new_or_gone_when_only_one_version_has_it(root: Path) -> None:
    (root / "app.py").unlink()
    (root / "old.py").write_text("old")

    assert report(root, **{"app.py": None, "old.py": "old"}) == [
        "new      app.py: you do not have it",
        "gone     old.py: yours is untouched",
    ]


def test_file_is_not_told_of_when_only_its_owner_changed_it(root: Path) -> None:
    (root / "app.py").write_text("mine")

    assert report(root) == []


def test_changelog_is_printed_when_the_version_is_newer(root: Path) -> None:
    record = Record("demo", "0.1.0", read_record(root).files)
    lines = "\n".join(upgrade.report(root, record, "0.2.0"))

    assert lines.startswith("demo was written by Signalbox 0.1.0; 0.2.0 is installed.\n\n## 0.2.0\n")
    assert "## 0.1.0" not in lines


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "has no .signalbox.json"), ("{}", "cannot be read"), ("{", "cannot be")]
)
def test_one_line_says_so_when_there_is_no_record(
    text: str | None,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if text is not None:
        (tmp_path / ".signalbox.json").write_text(text)
    monkeypatch.chdir(tmp_path)

    assert upgrade.main([]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"signalbox upgrade: {tmp_path}")
    assert reason in line
