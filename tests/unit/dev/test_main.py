import subprocess
import sys

import pytest

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
