"""The Python environments of the local run, made from the hashed locks when they are missing or stale.

The embedded engine pins a botocore of its own, so it lives in an environment apart from the project's. So
do the peers, which tests and benchmarks are compared with: the local run itself never needs them.
Standard library only: this runs before anything is installed.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class SetupError(Exception):
    """An environment could not be made; the text is one line for the reader."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that holds exactly what its lock says."""

    folder: Path
    lock: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def active(self) -> bool:
        """Whether this process runs in it."""
        return Path(sys.prefix) == self.folder

    @property
    def fresh(self) -> bool:
        """Whether it was made from the lock as it stands, and its interpreter is still there."""
        return self.python.exists() and _read(self.stamp) == self.digest

    @property
    def stamp(self) -> Path:
        """Records the lock it was made from; written last, so that a broken install is never fresh."""
        return self.folder / "lock.sha256"

    @property
    def digest(self) -> str:
        """The lock's digest."""
        return hashlib.sha256(self.lock.read_bytes()).hexdigest()


PROJECT = Environment(ROOT / ".venv", ROOT / "requirements.lock")
ENGINE = Environment(ROOT / ".venv-engine", Path(__file__).with_name("engine.lock"))
PEERS = Environment(ROOT / ".venv-peers", ROOT / "requirements-peers.lock")


def prepare(*, peers: bool = False) -> None:
    """Make what is missing or stale; a few file reads when everything is there. Raises SetupError."""
    for environment in (PROJECT, ENGINE, PEERS) if peers else (PROJECT, ENGINE):
        if not environment.fresh:
            _make(environment)


def _make(environment: Environment) -> None:
    if environment.active:
        raise SetupError(
            f"{environment.lock.name} has changed: run this with the system's python3, not the one in .venv"
        )
    print(f"preparing {environment.folder.name} from {environment.lock.name} ...", flush=True)
    _call(
        [sys.executable, "-m", "venv", "--clear", environment.folder],
        "python3 cannot make virtual environments here; on Debian and Ubuntu: apt install python3-venv",
    )
    if environment is PROJECT:
        _install_uv()
    # With the system's certificates, as pip does: there may be a proxy that only they know.
    uv = (PROJECT.python, "-m", "uv", "pip", "install", "--system-certs", "--python", environment.python)
    _call(
        [*uv, "--require-hashes", "-r", environment.lock], f"{environment.lock.name} could not be installed"
    )
    environment.stamp.write_text(environment.digest)


def _install_uv() -> None:
    # pip alone would do, and take a minute and a half where uv takes seconds.
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder, "uv.lock")
        lock.write_text(_pin("uv", PROJECT.lock.read_text()))
        pip = (PROJECT.python, "-m", "pip", "--disable-pip-version-check", "install", "--require-hashes")
        _call([*pip, "-r", lock], "pip could not install; is the package index within reach?")


def _pin(name: str, lock: str) -> str:
    start = lock.index(f"{name}==")
    lines = lock[start:].splitlines(keepends=True)
    end = next(number for number, line in enumerate(lines) if not line.rstrip().endswith("\\"))
    return "".join(lines[: end + 1])


def _call(command: Sequence[str | Path], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise SetupError(" — ".join([failure, *last]))


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
