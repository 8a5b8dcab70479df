"""The command `signalbox`: verbs are found, and what is missing is said in one line."""

import subprocess
import sys

import pytest

from signalbox import cli
from tests.conftest import ROOT


def test_one_line_says_so_when_python_is_too_old(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))

    assert cli.main(["dev"]) == 1
    assert (
        capsys.readouterr().err == f"signalbox needs Python 3.11 or newer; this is 3.10: {sys.executable}\n"
    )


def test_verbs_are_listed_when_help_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert all(f"  {verb} " in capsys.readouterr().out for verb in ("dev",))


def test_verb_is_named_when_there_is_none_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dance"]) == 2
    assert capsys.readouterr().err == "signalbox: there is no verb 'dance'; signalbox --help lists them\n"


@pytest.mark.parametrize("verb", [verb for verb, _, _ in cli.VERBS])
def test_verb_explains_itself_when_help_is_asked_for(verb: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "signalbox", verb, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"usage: signalbox {verb}")
