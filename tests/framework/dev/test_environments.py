"""Environments are made when they are missing, once, and what prevents it is one line."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalbox.dev import environments
from signalbox.dev.environments import Environment, SetupError, cache_folder, engine_environment

UV = "uv==2.0 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
LOCK = f"first==1.0 \\\n    --hash=sha256:aa\n{UV}last==3.0\n"
NOBODY = 65_534


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    lock = tmp_path / "some.lock"
    lock.write_text(LOCK)
    made = Environment(tmp_path / "env", lock)
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    made.stamp.write_text(made.digest)
    return made


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Root may write anywhere: for the time of a test, somebody else may not."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(user)


def test_environment_is_fresh_when_made_from_the_lock(environment: Environment) -> None:
    assert environment.fresh


def test_environment_is_stale_when_the_lock_changes(environment: Environment) -> None:
    environment.lock.write_text(LOCK + "more==1.0\n")

    assert not environment.fresh


def test_environment_is_stale_when_its_install_broke_off(environment: Environment) -> None:
    environment.stamp.unlink()

    assert not environment.fresh


def test_environment_is_stale_when_its_interpreter_is_gone(environment: Environment) -> None:
    environment.python.unlink()

    assert not environment.fresh


def test_only_one_package_is_taken_when_its_pin_is_cut_out() -> None:
    assert environments._pin("uv", LOCK) == UV


def test_one_line_says_why_when_a_command_fails() -> None:
    with pytest.raises(SetupError, match=r"^no luck — the reason$"):
        environments._call([sys.executable, "-c", "import sys; sys.exit('first\\nthe reason')"], "no luck")


def test_engine_is_in_the_users_cache_when_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/ann")
    assert cache_folder() == Path("/home/ann/.cache/signalbox")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    engine = engine_environment(cache_folder())
    assert engine.folder == tmp_path / "signalbox" / f"engine-{engine.digest[:16]}"


def test_environment_is_made_once_when_two_start_at_once(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.stamp.unlink()
    waits, made = threading.Event(), []

    def make(environment: Environment) -> None:
        made.append(environment)
        other.start()
        assert waits.wait(20)
        environment.stamp.write_text(environment.digest)

    def say(*words: str, flush: bool) -> None:
        waits.set()

    other = threading.Thread(target=environments._make_unless_fresh, args=(environment,))
    monkeypatch.setattr(environments, "_make", make)
    monkeypatch.setattr("builtins.print", say)
    environments._make_unless_fresh(environment)
    other.join()

    assert made == [environment]


def test_one_line_names_the_folder_when_it_cannot_be_written(tmp_path: Path, unprivileged: None) -> None:
    environment = Environment(tmp_path / "below" / "env", Path(__file__))

    with pytest.raises(SetupError, match=r"^\S+/env cannot be made: Permission denied: \S+$"):
        environments._make_unless_fresh(environment)


def test_one_line_names_the_folder_when_a_file_is_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = Environment(tmp_path / "file" / "env", Path(__file__))

    with pytest.raises(SetupError, match=r"^\S+/env cannot be made: (File exists|Not a directory): \S+$"):
        environments._make_unless_fresh(environment)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_one_line_says_so_when_the_disk_is_full(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "_call", lambda command, failure: None)
    environment.python.unlink()
    environment.stamp.unlink()
    environment.stamp.symlink_to("/dev/full")

    with pytest.raises(SetupError, match=r"^\S+/env cannot be made: No space left on device$"):
        environments._make_unless_fresh(environment)


def test_environment_in_use_is_left_alone_when_its_lock_changes(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.stamp.unlink()
    monkeypatch.setattr(sys, "prefix", str(environment.folder))

    with pytest.raises(SetupError, match=r"^some\.lock has changed: run this with the system's python3"):
        environments._make_unless_fresh(environment)


def test_engine_is_installed_with_pip_when_there_is_no_uv(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(
        environments, "_call", lambda command, failure: called.append(list(map(str, command)))
    )
    monkeypatch.setattr(environments, "PROJECT", Environment(Path("/nowhere"), Path("/nowhere.lock")))
    monkeypatch.setattr(environments, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    environment.stamp.unlink()
    environments._make_unless_fresh(environment)

    assert "--without-pip" not in called[0]
    assert called[1][:3] == [str(environment.python), "-m", "pip"]
    assert called[1][-3:] == ["--require-hashes", "-r", str(environment.lock)]
    assert environment.fresh


def test_checkout_is_installed_again_when_its_metadata_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(environments, "_call", lambda command, failure: called.append(str(command[-1])))
    monkeypatch.setattr(environments, "CHECKOUT", tmp_path)
    monkeypatch.setattr(environments, "PROJECT", Environment(tmp_path / "env", tmp_path / "lock"))
    (tmp_path / "env").mkdir()
    for text in (
        '[project]\nversion = "1"',
        '[project]\nversion = "1"\n[tool.x]',
        '[project]\nversion = "2"',
    ):
        (tmp_path / "pyproject.toml").write_text(text)
        environments._install_editable()

    assert called == [str(tmp_path)] * 2


def test_refusal_is_one_line_when_the_system_names_no_file() -> None:
    assert environments.describe(OSError(28, "No space left on device")) == "No space left on device"
    assert environments.describe(OSError("odd")) == "odd"


def test_environments_need_nothing_installed_when_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import signalbox.dev.command"],
        cwd=environments.CHECKOUT,
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""
