import subprocess
import sys

import pytest

from dev import __main__ as command
from dev.environments import SetupError
from tests.conftest import ROOT


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_one_line_says_so_when_python_is_too_old() -> None:
    old = run("-c", "import sys; sys.version_info = (3, 10, 4); import dev")

    assert old.returncode == 1
    assert old.stderr == f"Signalbox needs Python 3.11 or newer; this is 3.10: {sys.executable}\n"


@pytest.mark.parametrize(
    "arguments", [["--port", "x"], ["--port", "70000"], ["--sandboxes", "0"], ["--dance"]]
)
def test_status_is_2_without_a_traceback_when_an_option_makes_no_sense(arguments: list[str]) -> None:
    wrong = run("-m", "dev", *arguments)

    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), 130), (SetupError("no disk"), 1)])
def test_there_is_no_traceback_when_the_setup_breaks_off(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    def break_off(*, peers: bool) -> None:
        raise error

    monkeypatch.setattr(command, "prepare", break_off)
    monkeypatch.setattr(sys, "argv", ["dev"])

    assert command.main() == status
