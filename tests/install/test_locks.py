"""The locks: complete, hashed, without addresses, and installable from wheels on every supported system.

Windows is WSL 2, which is Linux. This asks the package index that the machine is set up for.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOCKS = sorted(ROOT.glob("requirements*.lock"))
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


def test_lock_holds_every_pin_of_the_project_when_written() -> None:
    pins = re.findall(
        r'^    "([\w-]+)(?:\[[^\]]*\])?(==[\d.]+)', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    locked = (ROOT / "requirements.lock").read_text()

    assert pins
    assert [name + version for name, version in pins if f"{name.lower()}{version} " not in locked] == []
