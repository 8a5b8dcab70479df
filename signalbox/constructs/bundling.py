"""What a function runs: our packages and their pinned dependencies, for Lambda's machine, without Docker.

boto3 is not shipped: Lambda's runtimes have one, compiled (`docs/deploying.md` has the measurements).
"""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import BundleError

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("connection_store", "handlers", "signalbox")
LEFT_OUT = ("__pycache__", "client", "constructs", "dev", "gateway", "load_test", "template", "testing")
PROVIDED = "boto3"
"""What the runtime brings along."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a bundle is for: a version of Python, and the platform of its wheels (None: this machine's)."""

    python: str
    platform: str | None


LAMBDA = Target("3.14", "aarch64-manylinux_2_28")
HERE = Target(f"{sys.version_info.major}.{sys.version_info.minor}", None)


def bundle(folder: Path, *extras: str, target: Target = LAMBDA, bytecode: bool = False) -> Path:
    """Fill `folder` anew with what a function runs, and return it; the same inputs give the same bytes.

    `extras` are optional dependencies of the project that this function needs; with `bytecode`, modules are
    compiled too. Raises BundleError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    _install(folder, _requirements(extras), target)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns(*LEFT_OUT))
    if bytecode:
        _compile(folder, target)
    return folder


def _requirements(extras: Sequence[str]) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(each for extra in extras for each in optional[extra])]
    return [each for each in wanted if not each.startswith(f"{PROVIDED}==")]


def _install(folder: Path, requirements: Sequence[str], target: Target) -> None:
    platform = ["--python-platform", target.platform] if target.platform else []
    _uv(
        "pip",
        "install",
        "--quiet",
        "--system-certs",
        "--target",
        folder,
        "--python-version",
        target.python,
        *platform,
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--constraint",
        ROOT / "requirements.lock",
        *requirements,
        failure=f"the packages for {folder.name} could not be installed",
    )


def _compile(folder: Path, target: Target) -> None:
    python = _uv(
        *("python", "find", "--no-python-downloads", target.python),
        failure=f"bytecode takes Python {target.python}; uv python install brings it",
    ).strip()
    # Hash-based: a time stamp would differ from one bundle to the next.
    compiled = subprocess.run(  # noqa: S603 - no shell
        [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if compiled.returncode != 0:
        raise BundleError(f"a module of {folder.name} does not compile: {_last(compiled.stdout)}")


def _uv(*arguments: str | Path, failure: str) -> str:
    done = subprocess.run(  # noqa: S603 - no shell
        [sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode != 0:
        raise BundleError(f"{failure}: {_last(done.stderr)}")
    return done.stdout


def _last(output: str) -> str:
    return " ".join(output.split())[-300:]
