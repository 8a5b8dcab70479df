"""The Python environments of the local run, made from the hashed locks when they are missing or stale.

The embedded engine pins a botocore of its own, so it lives in an environment apart from the application's: in
the user's cache, where every application finds it. A checkout of Signalbox has two more, its own `.venv` and
the peers that tests and benchmarks are compared with.
Standard library only: this runs before anything is installed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""The repository, where this is run from a checkout of it; else the folder of the installed packages."""


class SetupError(Exception):
    """Nothing can be run; the text is one line for the reader."""


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
        return _digest(self.lock.read_bytes())


def cache_folder() -> Path:
    """Return the user's cache folder for Signalbox; `XDG_CACHE_HOME` is respected."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "signalbox"


def engine_environment(cache: Path) -> Environment:
    """Return the engine's environment below `cache`: each version of the lock has a folder of its own."""
    lock = Path(__file__).with_name("engine.lock")
    return Environment(cache / f"engine-{_digest(lock.read_bytes())[:16]}", lock)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


PROJECT = Environment(CHECKOUT / ".venv", CHECKOUT / "requirements.lock")
ENGINE = engine_environment(cache_folder())
PEERS = Environment(CHECKOUT / ".venv-peers", CHECKOUT / "requirements-peers.lock")


def prepare(*, checkout: bool, peers: bool = False) -> None:
    """Make what is missing or stale; a few file reads when everything is there. Raises SetupError.

    In a `checkout` of Signalbox that includes its own environment, with itself installed as editable.
    """
    if checkout:
        _make_unless_fresh(PROJECT)
        _install_editable()
    _make_unless_fresh(ENGINE)
    if checkout and peers:
        _make_unless_fresh(PEERS)


def _make_unless_fresh(environment: Environment) -> None:
    with _explained(environment.folder):
        if environment.fresh:
            return
        if environment.active:
            raise SetupError(
                f"{environment.lock.name} has changed: run this with the system's python3, not that of .venv"
            )
        environment.folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(environment.folder.parent):
            if not environment.fresh:  # another start may have made it meanwhile
                _make(environment)


def _make(environment: Environment) -> None:
    print(f"preparing {environment.folder.name} from {environment.lock.name} ...", flush=True)
    uv = None if environment is PROJECT else _uv()
    _call(
        [sys.executable, "-m", "venv", "--clear", *(["--without-pip"] if uv else []), environment.folder],
        "python3 cannot make virtual environments here; on Debian and Ubuntu: apt install python3-venv",
    )
    if environment is PROJECT:
        _install_uv()
        uv = _uv()
    _call(
        [*_installer(environment, uv), "--require-hashes", "-r", environment.lock],
        f"{environment.lock.name} could not be installed into {environment.folder}",
    )
    environment.stamp.write_text(environment.digest)


def _installer(environment: Environment, uv: Sequence[str | Path] | None) -> list[str | Path]:
    if uv:
        # With the system's certificates, as pip does: there may be a proxy that only they know.
        return [*uv, "pip", "install", "--system-certs", "--python", environment.python]
    return [environment.python, "-m", "pip", "--disable-pip-version-check", "install"]


def _uv() -> Sequence[str | Path] | None:
    """Return how to call uv, if it is to be had: pip takes a minute and a half where uv takes seconds."""
    if PROJECT.python.exists() and PROJECT.lock.exists():
        return (PROJECT.python, "-m", "uv")
    if find_spec("uv"):
        return (sys.executable, "-m", "uv")
    found = shutil.which("uv")
    return (found,) if found else None


def _install_uv() -> None:
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


def _install_editable() -> None:
    """Install the checkout itself: its command, its version and its pytest plugin are then in `.venv`."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    digest = _digest(json.dumps([str(CHECKOUT), project]).encode())
    stamp = PROJECT.folder / "project.sha256"
    if _read(stamp) == digest:
        return
    with _explained(PROJECT.folder), _alone(CHECKOUT):
        _call(
            [
                *_installer(PROJECT, (PROJECT.python, "-m", "uv")),
                *("--no-deps", "--no-build-isolation", "--quiet", "--editable", CHECKOUT),
            ],
            f"Signalbox could not be installed into {PROJECT.folder}; remove that folder and try again",
        )
        stamp.write_text(digest)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(f"{folder} cannot be made: {describe(error)}") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep every other start out that makes an environment in the same folder; it waits, and says so."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another start that prepares {folder} ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def describe(error: OSError) -> str:
    """Return in one line what the system refused, and about which file."""
    reason = error.strerror or str(error)
    return f"{reason}: {error.filename}" if error.filename else reason


def _call(command: Sequence[str | Path], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise SetupError(" — ".join([failure, *(line.strip() for line in last)]))


def _read(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_text()
    return ""
