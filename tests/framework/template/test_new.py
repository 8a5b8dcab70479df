"""`signalbox new` writes into an empty folder, or says in one line why not.

Covers signalbox.template.errors.
"""

import json
from pathlib import Path

import pytest

from signalbox.template import new
from signalbox.template.contents import application_files, version
from tests.conftest import ROOT


def test_application_is_written_when_the_folder_does_not_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new.main([str(tmp_path / "demo")]) == 0

    written = {path: (tmp_path / "demo" / path).read_bytes() for path in application_files("demo")}
    assert written == application_files("demo")
    assert f"cd {tmp_path / 'demo'}" in capsys.readouterr().out


def test_framework_is_this_checkout_when_it_is_written_from_one(tmp_path: Path) -> None:
    new.create(tmp_path / "demo")

    lines = (tmp_path / "demo" / "requirements.txt").read_text().splitlines()
    assert lines[1] == f"-e {ROOT}[authorizer,cdk,client,gateway,testing]"
    assert not (tmp_path / "demo" / "vendor").exists()


def test_application_is_named_after_the_folder_when_a_dot_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tickets").mkdir()
    monkeypatch.chdir(tmp_path / "tickets")

    assert new.main(["."]) == 0
    record = json.loads(Path(".signalbox.json").read_text())
    assert (record["name"], record["version"]) == ("tickets", version())
    assert record["files"].keys() == application_files("tickets").keys()


@pytest.mark.parametrize("name", ["Demo", "1demo", "de_mo", "-demo", "a" * 21, "d mo"])
def test_one_line_says_what_a_name_is_when_it_is_none(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new.main([f"{tmp_path}/{name}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"signalbox new: {name!r} is no name for a stack: ")
    assert not any(tmp_path.iterdir())


def test_nothing_is_written_when_the_folder_is_not_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "mine").touch()

    assert new.main([str(folder)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"signalbox new: {folder} is not empty: ")
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_one_line_says_so_when_a_file_is_in_the_folders_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "demo").touch()

    assert new.main([str(tmp_path / "demo")]) == 1
    assert new.main([str(tmp_path / "demo" / "below")]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"signalbox new: {tmp_path}/demo is a file: ")
    assert second.startswith("signalbox new: Not a directory: ")
