import subprocess
import sys

import pytest

from signalbox.dev import command
from signalbox.dev.environments import SetupError
from tests.conftest import ROOT


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "arguments", [["--port", "x"], ["--port", "70000"], ["--sandboxes", "0"], ["--dance"]]
)
def test_status_is_2_without_a_traceback_when_an_option_makes_no_sense(arguments: list[str]) -> None:
    wrong = run("-m", "signalbox", "dev", *arguments)

    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), 130), (SetupError("no disk"), 1)])
def test_there_is_no_traceback_when_the_setup_breaks_off(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    def break_off(*, checkout: bool, peers: bool) -> None:
        raise error

    monkeypatch.setattr(command, "prepare", break_off)

    assert command.main([]) == status
