"""Bundle the code of a function for Lambda's machine, without Docker.

A bundle holds the application's `handlers/`, the framework's packages without the parts that no function
imports, and the packages that a lock file of the application names.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .errors import BundleError

PYTHON = "3.13"
"""The version of Lambda's Python: the newest that the unit and contract tests pass on."""

APPLICATION = "handlers"
FRAMEWORK = ("connection_store", "signalbox")
LEFT_OUT = {
    "signalbox": (
        *("client", "constructs", "dev", "gateway", "load_test", "template", "testing"),
        *("pricing/month.py", "pricing/units.py"),
    )
}
"""Parts of a package that no function imports."""

FUNCTIONS_LOCK = "requirements-functions.lock"
"""The packages that the functions of an application load."""

AUTHORIZER_LOCK = "requirements-authorizer.lock"
"""The packages that the authorizer loads: cryptography too, which is larger than everything else together."""


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a bundle: a Python version, and the platform of its wheels (None: this machine's)."""

    python: str
    platform: str | None


LAMBDA = Target(PYTHON, "aarch64-manylinux_2_28")
HERE = Target(f"{sys.version_info.major}.{sys.version_info.minor}", None)


def bundle(
    folder: Path,
    *,
    application_root: Path,
    lock: str = FUNCTIONS_LOCK,
    target: Target = LAMBDA,
    bytecode: bool = False,
) -> Path:
    """Fill `folder` anew with what a function runs, and return it. The same inputs give the same bytes.

    `application_root` is the folder of `cdk.json`, with `handlers/` and the lock files; `lock` names one of
    them. With `bytecode`, modules are compiled too where this machine has the target's Python; else one line
    on stderr says that they are not. Raises BundleError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    _install(folder, application_root, lock, target)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    _copy(_application(application_root), folder)
    for package in FRAMEWORK:
        _copy(_installed(package), folder, *LEFT_OUT.get(package, ()))
    if bytecode:
        _compile(folder, target)
    return folder


def _application(root: Path) -> Path:
    handlers = root / APPLICATION
    if not handlers.is_dir():
        raise BundleError(f"{root} has no {APPLICATION}/; run the CDK in the folder of cdk.json")
    return handlers


def _installed(package: str) -> Path:
    """Where this Python imports `package` from: a repository, or an installed wheel."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise BundleError(f"the package {package} is not installed in {sys.executable}")
    return Path(spec.origin).parent


def _copy(package: Path, folder: Path, *left_out: str) -> None:
    shutil.copytree(package, folder / package.name, ignore=_without(package, left_out))


def _without(package: Path, left_out: tuple[str, ...]) -> Callable[[str, list[str]], set[str]]:
    paths = {package / each for each in left_out}

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name == "__pycache__" or Path(folder, name) in paths}

    return ignored


def _install(folder: Path, root: Path, lock: str, target: Target) -> None:
    if not (root / lock).is_file():
        raise BundleError(f"{root} has no {lock}, which names what a function loads; make lock writes it")
    platform = ["--python-platform", target.platform] if target.platform else []
    where: list[str | Path] = ["--target", folder.absolute(), "--python-version", target.python, *platform]
    _uv(
        *("pip", "install", "--quiet", "--system-certs"),
        *where,
        *("--only-binary", ":all:", "--require-hashes", "--requirements", lock),
        folder=root,
        failure=f"the packages for {folder.name} could not be installed",
    )


def _compile(folder: Path, target: Target) -> None:
    try:
        python = _uv(
            "python", "find", "--no-python-downloads", target.python, folder=folder, failure="none"
        ).strip()
    except BundleError:
        advice = f"uv python install {target.python} brings the Python that compiles them"
        print(f"{folder.name}: modules are shipped as source; {advice}", file=sys.stderr)  # noqa: T201 - at synth
        return
    # Hash-based: a time stamp would differ from one bundle to the next. Isolated: PYTHONPYCACHEPREFIX would
    # put the compiled modules elsewhere.
    compiled = subprocess.run(  # noqa: S603 - no shell
        [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if compiled.returncode != 0:
        raise BundleError(f"a module of {folder.name} does not compile: {_last(compiled.stdout)}")


def _uv(*arguments: str | Path, folder: Path, failure: str) -> str:
    done = subprocess.run(  # noqa: S603 - no shell
        [sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False, cwd=folder
    )
    if done.returncode != 0:
        raise BundleError(f"{failure}: {_last(done.stderr)}")
    return done.stdout


def _last(output: str) -> str:
    return " ".join(output.split())[-300:]
