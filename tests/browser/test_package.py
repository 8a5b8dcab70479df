"""The folder `browser/` as an npm package."""

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "browser"


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The package.json."""
    found: dict[str, Any] = json.loads((PACKAGE / "package.json").read_text())
    return found


def test_version_is_the_projects_when_it_is_packed(manifest: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert (manifest["name"], manifest["version"]) == (project["name"], project["version"])
    assert manifest["license"] == project["license"]


def test_entry_points_are_files_when_an_application_imports_the_package(manifest: dict[str, Any]) -> None:
    assert manifest["type"] == "module"
    assert manifest["exports"] == {".": {"types": "./realtime.d.ts", "default": "./realtime.js"}}
    assert all((PACKAGE / name).is_file() for name in manifest["exports"]["."].values())


def test_nothing_else_is_installed_or_asked_when_the_package_is_installed(manifest: dict[str, Any]) -> None:
    assert not {"dependencies", "peerDependencies", "optionalDependencies", "scripts"} & manifest.keys()
    assert "publishConfig" not in manifest


def test_package_holds_modules_types_and_readme_when_it_is_packed(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("packing needs npm: install Node.js")
    packed = subprocess.run(
        [npm, "pack", "--dry-run", "--json", "--offline", "--cache", str(tmp_path / "cache")],
        cwd=PACKAGE,
        env=os.environ | {"npm_config_update_notifier": "false"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    [package] = json.loads(packed.stdout)
    modules = {path.name for path in PACKAGE.glob("*.js")}
    assert "realtime.js" in modules
    held = {entry["path"] for entry in package["files"]}
    assert held == modules | {"realtime.d.ts", "README.md", "package.json"}
    assert not list(PACKAGE.glob("*.tgz"))
