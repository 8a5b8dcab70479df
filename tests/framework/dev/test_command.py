"""`signalbox dev` ends in one line when something is missing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from signalbox.dev import command
from signalbox.dev.environments import Environment, SetupError
from tests.conftest import ROOT


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], int]:
    """Run the command where all is prepared, and the run itself ends with an error."""

    def run(error: Exception) -> int:
        def fail(*arguments: object) -> int:
            raise error

        module = ModuleType("run")
        monkeypatch.setattr(module, "run", fail, raising=False)
        monkeypatch.setitem(sys.modules, "signalbox.dev.run", module)
        return command.main([])

    environment = Environment(Path(sys.prefix), Path("some.lock"))
    monkeypatch.setattr(command, "PROJECT", environment)
    monkeypatch.setattr(command, "prepare", lambda *, checkout, peers: None)
    return run


@pytest.mark.parametrize(
    "arguments", [["--port", "x"], ["--port", "70000"], ["--sandboxes", "0"], ["--dance"]]
)
def test_status_is_2_without_a_traceback_when_an_option_makes_no_sense(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: signalbox dev")


def test_usage_is_shown_without_a_traceback_when_run_as_a_process() -> None:
    wrong = run("-m", "signalbox", "dev", "--dance")

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


def test_one_line_says_so_when_there_is_no_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert command.main([]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("signalbox dev: no pyproject.toml with [tool.signalbox]")


def test_environment_to_remove_is_named_when_it_is_damaged(
    running: Callable[[Exception], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert running(ModuleNotFoundError("No module named 'pydantic'", name="pydantic")) == 1
    assert (
        capsys.readouterr().err
        == f"signalbox dev: No module named 'pydantic': remove {sys.prefix} and start again\n"
    )


def test_file_is_named_when_the_folder_is_read_only(
    running: Callable[[Exception], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert running(OSError(30, "Read-only file system", "build/backend-3001.env")) == 1
    assert capsys.readouterr().err == "signalbox dev: Read-only file system: build/backend-3001.env\n"


def test_package_is_left_to_the_command_when_the_environment_is_the_applications_own(
    running: Callable[[Exception], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PROJECT", Environment(Path("/nowhere"), Path("some.lock")))
    monkeypatch.setattr(command, "CHECKOUT", Path("/nowhere"))

    with pytest.raises(ModuleNotFoundError):
        running(ModuleNotFoundError("No module named 'websockets'", name="websockets"))
