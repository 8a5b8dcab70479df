"""The wheel is made again from an installation."""

from importlib.metadata import PathDistribution
from pathlib import Path
from zipfile import ZipFile

import pytest

from signalbox.template.framework import EXTRAS, pack, provide

NAMES = [
    "signalbox/__init__.py",
    "signalbox/__pycache__/__init__.cpython-311.pyc",
    "connection_store/py.typed",
    "../../../bin/signalbox",
    "signalbox-1.2.dist-info/METADATA",
    "signalbox-1.2.dist-info/WHEEL",
    "signalbox-1.2.dist-info/entry_points.txt",
    "signalbox-1.2.dist-info/licenses/LICENSE",
    "signalbox-1.2.dist-info/INSTALLER",
    "signalbox-1.2.dist-info/RECORD",
    "signalbox-1.2.dist-info/direct_url.json",
]


@pytest.fixture
def installed(tmp_path: Path) -> PathDistribution:
    site = tmp_path / "lib" / "python" / "site-packages"
    for name in NAMES:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(f"content of {name}")
    info = site / "signalbox-1.2.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: signalbox\nVersion: 1.2\n")
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in NAMES))
    return PathDistribution(info)


def test_wheel_holds_what_is_ours_when_made_again(installed: PathDistribution, tmp_path: Path) -> None:
    wheel = pack(installed, tmp_path / "vendor")

    with ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read("signalbox-1.2.dist-info/RECORD").decode().splitlines()
    assert wheel.name == "signalbox-1.2-py3-none-any.whl"
    assert names == [
        "connection_store/py.typed",
        "signalbox-1.2.dist-info/METADATA",
        "signalbox-1.2.dist-info/WHEEL",
        "signalbox-1.2.dist-info/entry_points.txt",
        "signalbox-1.2.dist-info/licenses/LICENSE",
        "signalbox/__init__.py",
        "signalbox-1.2.dist-info/RECORD",
    ]
    assert [line.split(",")[0] for line in record] == names
    assert all(",sha256=" in line for line in record[:-1])


def test_bytes_are_the_same_when_made_twice(installed: PathDistribution, tmp_path: Path) -> None:
    first, second = pack(installed, tmp_path / "one"), pack(installed, tmp_path / "two")

    assert first.read_bytes() == second.read_bytes()


def test_requirement_is_the_wheel_when_there_is_no_checkout(
    installed: PathDistribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalbox.template.framework.distribution", lambda name: installed)

    assert provide(tmp_path / "vendor", tmp_path) == f"./vendor/signalbox-1.2-py3-none-any.whl{EXTRAS}"
    assert (tmp_path / "vendor" / "signalbox-1.2-py3-none-any.whl").exists()
