"""Unit and contract tests on every Python of this machine from 3.11 on: `make test-pythons`.

Each Python has an environment of its own in the user's cache, made from requirements.lock when that changes.
Arguments are pytest's.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from signalbox.cli import OLDEST
from signalbox.dev.environments import Environment, cache_folder
from tests.conftest import ROOT

SUITES = ("tests/framework", "tests/contract")
LOCK = ROOT / "requirements.lock"
UV = (sys.executable, "-m", "uv")

Version = tuple[int, ...]


def main(arguments: Sequence[str]) -> int:
    """Run them, the oldest Python first. Returns 1 if a test failed on one of them."""
    results = {text(version): passes(version, python, arguments) for version, python in pythons().items()}
    for version, passed in results.items():
        sys.stdout.write(f"Python {version}: {'passed' if passed else 'FAILED'}\n")
    return 0 if all(results.values()) else 1


def pythons() -> dict[Version, Path]:
    """Return the interpreters on the PATH and under pyenv, the newest of each minor version, in order."""
    found = {version: python for python in _candidates() if (version := _version(python)) >= OLDEST}
    newest = {version[:2]: version for version in sorted(found)}
    return {version: found[version] for version in newest.values()}


def _candidates() -> Iterator[Path]:
    for folder in os.get_exec_path():
        yield from Path(folder).glob("python3.[0-9]*[0-9]")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from pyenv.glob("versions/*/bin/python3")


def _version(python: Path) -> Version:
    """Return an interpreter's version: empty if it does not start, as pyenv's stand-ins may not."""
    program = "import sys; print(*sys.version_info[:3])"
    asked = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    return tuple(map(int, asked.stdout.split())) if asked.returncode == 0 else ()


def text(version: Version) -> str:
    return ".".join(map(str, version))


def passes(version: Version, python: Path, arguments: Sequence[str]) -> bool:
    """Run the suites on one Python."""
    environment = prepare(version, python)
    sys.stdout.write(f"Python {text(version)}\n")
    sys.stdout.flush()
    tests = ("-m", "pytest", "-q", "-n", "2", *SUITES, *arguments)
    return subprocess.run([environment.python, *tests], cwd=ROOT, check=False).returncode == 0


def prepare(version: Version, python: Path) -> Environment:
    """Return its environment, made if it is missing or stale."""
    digest = Environment(ROOT, LOCK).digest
    environment = Environment(cache_folder() / f"tests-{text(version)}-{digest[:16]}", LOCK)
    install = (*UV, "pip", "install", "--quiet", "--system-certs", "--python", environment.python)
    if not environment.fresh:
        run(*UV, "venv", "--quiet", "--clear", "--python", python, environment.folder)
        run(*install, "--require-hashes", "-r", LOCK)
        environment.stamp.write_text(environment.digest)
    # Each time: the environment is shared by all checkouts, and an entry point may be new.
    run(*install, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    return environment


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
