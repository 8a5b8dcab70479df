"""The locks: complete, hashed, without addresses, and installable from wheels on every supported system.

Windows is WSL 2, which is Linux. This asks the package index that the machine is set up for.
"""

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

LOCKS = [*sorted(ROOT.glob("requirements*.lock")), ROOT / "signalbox" / "dev" / "engine.lock"]
SYSTEMS = ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin"]


def uv(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "uv", "pip", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
@pytest.mark.parametrize("python", ["3.11", "3.14"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_lock_resolves_to_wheels_when_on_a_supported_system(
    lock: Path, python: str, system: str, tmp_path: Path
) -> None:
    platform = ("--python-platform", system, "--python-version", python)
    hashed = ("--require-hashes", "--only-binary", ":all:", "-r", lock)

    resolved = uv("install", "--dry-run", "--quiet", "--target", tmp_path, *platform, *hashed)

    assert resolved.returncode == 0, resolved.stderr


@pytest.mark.parametrize(
    "lock",
    [*LOCKS, ROOT / "package-lock.json", ROOT / "benchmarks" / "peers" / "package-lock.json"],
    ids=lambda lock: lock.name,
)
def test_lock_names_no_address_when_written(lock: Path) -> None:
    assert not re.search(r"https?://|\"resolved\"", lock.read_text())


def test_lock_holds_a_version_that_the_project_allows_of_each_of_its_requirements() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = chain(project["dependencies"], *project["optional-dependencies"].values())
    requirements = [each for each in map(Requirement, listed) if each.name != project["name"]]
    pins = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    locked = {canonicalize_name(name): version for name, version in pins}

    assert {"pydantic", "ruff"} <= {each.name for each in requirements}
    wrong = [
        str(each)
        for each in requirements
        if not each.specifier.contains(locked.get(canonicalize_name(each.name), "0"))
    ]
    assert wrong == []


def test_a_packages_version_is_bounded_when_an_application_depends_on_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for extra, each in project["optional-dependencies"].items() if extra != "dev"]

    exact = [each for each in chain(project["dependencies"], *extras) if "==" in each.partition(";")[0]]
    assert exact == []
