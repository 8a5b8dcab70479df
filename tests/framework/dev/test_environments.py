import sys
from pathlib import Path

import pytest

from signalbox.dev import environments
from signalbox.dev.environments import Environment, SetupError

UV = "uv==2.0 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
LOCK = f"first==1.0 \\\n    --hash=sha256:aa\n{UV}last==3.0\n"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    lock = tmp_path / "some.lock"
    lock.write_text(LOCK)
    made = Environment(tmp_path / "env", lock)
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    made.stamp.write_text(made.digest)
    return made


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
