"""Signalbox as somebody gets it: built, installed into an empty environment, away from the repository."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

import pytest

from tests.conftest import ROOT

PATIENCE = 300.0
"""Seconds a command may take that installs packages."""


@dataclass(frozen=True)
class Built:
    """What a release consists of."""

    wheel: Path
    sdist: Path


@dataclass(frozen=True)
class Installation:
    """An environment with the wheel in it, and a folder away from the repository."""

    bin: Path
    folder: Path

    def run(self, *command: str, cwd: Path | None = None, text: str = "") -> str:
        """Return what a command of the environment prints, or fail with all of it."""
        done = subprocess.run(
            [self.bin / command[0] if (self.bin / command[0]).exists() else command[0], *command[1:]],
            cwd=cwd or self.folder,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def started(self, *command: str, until: str, cwd: Path | None = None) -> Iterator[str]:
        """Run a server while the context lasts, as in a terminal; yield its output up to `until`."""
        log = self.folder / f"{Path(command[0]).name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd or self.folder,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield _wait(process, log, until)
        finally:
            os.killpg(process.pid, SIGINT)
            process.wait(timeout=60)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a user: nothing leads back into the repository."""
        ours = {"PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL"}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return {**kept, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "PYTHON": sys.executable}


def _wait(process: "subprocess.Popen[bytes]", log: Path, until: str) -> str:
    end = time.monotonic() + PATIENCE
    while until not in (text := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"it did not start:\n{text}")
        time.sleep(0.05)
    return text


def python(*arguments: str | Path, cwd: Path = ROOT) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The wheel and the source distribution of this repository."""
    folder = tmp_path_factory.mktemp("dist")
    python("hatchling", "build", "--directory", folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel in an environment of its own; one for all tests, which only read it."""
    folder = tmp_path_factory.mktemp("away")
    environment = folder / "environment"
    python("uv", "venv", "--quiet", "--python", sys.executable, environment)
    python(
        *("uv", "pip", "install", "--quiet", "--system-certs", "--python", environment),
        f"{built.wheel}[authorizer,client,gateway,testing]",
    )
    (folder / "work").mkdir()
    return Installation(environment / "bin", folder / "work")
