"""What the wheel and the source distribution hold."""

import subprocess
import sys
import tarfile
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT
from tests.install.conftest import Built, python

pytestmark = pytest.mark.xdist_group("installed")


def contents(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_holds_the_two_packages_alone_when_built(built: Built) -> None:
    files = contents(built.wheel)
    (info,) = {name.partition("/")[0] for name in files} - {"connection_store", "signalbox"}

    assert info.endswith(".dist-info")
    assert {"connection_store/py.typed", "signalbox/py.typed", "signalbox/dev/engine.lock"} <= files.keys()
    assert [name for name in files if "__pycache__" in name or name.endswith((".pyc", ".map"))] == []


def test_browser_client_and_application_are_packed_when_built(built: Built) -> None:
    files = contents(built.wheel)
    packed = {
        name.removeprefix("signalbox/template/application/"): content
        for name, content in files.items()
        if name.startswith("signalbox/template/application/")
    }

    assert files["signalbox/dev/page/realtime/realtime.js"] == (ROOT / "browser/realtime.js").read_bytes()
    assert files["signalbox/template/CHANGELOG.md"] == (ROOT / "CHANGELOG.md").read_bytes()
    assert {name: (ROOT / name).read_bytes() for name in packed} == packed


def test_base_install_is_what_a_function_loads_when_no_extra_is_asked_for(built: Built) -> None:
    (name,) = (name for name in contents(built.wheel) if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(contents(built.wheel)[name])
    base = [each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]

    assert sorted(each.partition(">=")[0].partition("<")[0] for each in base) == [
        "aws-lambda-powertools",
        "pydantic",
    ]
    assert [each for each in base if "==" in each] == []
    extras = {"authorizer", "boto3", "cdk", "client", "dev", "gateway", "load", "testing"}
    assert set(metadata.get_all("Provides-Extra", [])) == extras


def test_wheel_is_the_same_when_built_from_the_source_distribution(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    python("hatchling", "build", "--target", "wheel", "--directory", tmp_path / "dist", cwd=source)
    (wheel,) = (tmp_path / "dist").iterdir()

    assert contents(wheel) == contents(built.wheel)


def test_source_distribution_leaves_out_what_is_not_in_version_control_when_built(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    for made in (".venv", "node_modules", "build/", "cdk.out"):
        assert [name for name in names if name.startswith(made)] == []
    assert {"tests/conftest.py", "requirements.lock", "docs/protocol.md"} <= names


def test_project_is_installed_as_editable_when_the_environment_is_made() -> None:
    command = Path(sys.executable).with_name("signalbox")
    shown = subprocess.run([command, "--version"], cwd="/", capture_output=True, text=True, timeout=60)

    assert shown.stdout.startswith("signalbox 0.")
