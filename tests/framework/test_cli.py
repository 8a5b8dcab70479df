"""The command `signalbox`: verbs are found, and what is missing is said in one line.

Covers signalbox.__main__.
"""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import signalbox
from signalbox import cli
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = sorted((Path.home() / ".pyenv" / "versions").glob("[23].*/bin/python"))


def run(python: str | Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [python, "-m", "signalbox", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_one_line_says_so_when_python_is_too_old(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))

    assert cli.main(["dev"]) == 1
    assert (
        capsys.readouterr().err == f"signalbox needs Python 3.11 or newer; this is 3.10: {sys.executable}\n"
    )


def test_every_old_python_says_so_in_one_line_when_it_runs_the_command() -> None:
    for python in filter(lambda each: _version(each) < cli.OLDEST, PYTHONS):
        done = run(python, "dev", PYTHONDONTWRITEBYTECODE="1")

        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith(
            "signalbox needs Python 3.11 or newer; this is {}.{}: ".format(*_version(python))
        )


def _version(python: Path) -> tuple[int, ...]:
    major, minor, _ = python.parents[1].name.split(".")
    return int(major), int(minor)


def test_verbs_are_listed_when_help_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {verb} " in shown for verb, _, _, _ in cli.VERBS)


def test_verb_is_named_when_there_is_none_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dance"]) == 2
    assert capsys.readouterr().err == "signalbox: there is no verb 'dance'; signalbox --help lists them\n"


def test_version_is_the_projects_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"signalbox {PROJECT['version']}\n"
    assert signalbox.__version__ == version("signalbox") == PROJECT["version"]


def test_one_line_says_so_when_its_version_is_asked_for_and_it_is_not_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "signalbox", "--version"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert done.stderr.startswith("signalbox is not installed, only found: ")


def test_name_is_unknown_when_the_package_has_none_like_it() -> None:
    with pytest.raises(AttributeError, match=r"^module 'signalbox' has no attribute 'dance'$"):
        _ = signalbox.dance


@pytest.mark.parametrize(("verb", "extra"), [(verb, extra) for verb, _, extra, _ in cli.VERBS])
def test_extra_is_named_when_a_package_is_missing(
    verb: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find(name: str) -> None:
        raise ModuleNotFoundError("No module named 'absent'", name="absent.part")

    monkeypatch.setattr("importlib.import_module", find)

    assert cli.main([verb]) == 1
    wanted = f"signalbox[{extra}]" if extra else "signalbox"
    assert capsys.readouterr().err == f"signalbox {verb} needs the package absent: pip install '{wanted}'\n"
    assert not extra or extra in PROJECT["optional-dependencies"]


def test_a_module_of_ours_that_is_missing_is_no_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("importlib.import_module", find)

    with pytest.raises(ModuleNotFoundError):
        cli.main(["dev"])


@pytest.mark.parametrize("verb", [verb for verb, _, _, _ in cli.VERBS])
def test_verb_explains_itself_when_help_is_asked_for(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, "--help"])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: signalbox {verb}")


def test_command_runs_when_python_is_given_the_package() -> None:
    assert run(sys.executable, "token", "--help").stdout.startswith("usage: signalbox token")
