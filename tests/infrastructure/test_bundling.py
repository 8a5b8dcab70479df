"""What the functions' assets hold. Installs from the package index, or what it left in uv's cache."""

import shutil
import sys
from pathlib import Path

import pytest
from aws_cdk import FileSystem

from signalbox.constructs import bundling
from signalbox.constructs.bundling import HERE, PACKAGES, Target, bundle
from signalbox.constructs.errors import BundleError

MEGABYTE = 1_000_000


@pytest.fixture(scope="session")
def websocket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("bundle") / "websocket")


@pytest.fixture(scope="session")
def authorizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("bundle") / "authorizer", "authorizer")


def zipped(folder: Path, into: Path) -> float:
    return Path(shutil.make_archive(str(into / "asset"), "zip", folder)).stat().st_size / MEGABYTE


def distributions(folder: Path) -> set[str]:
    return {path.name.partition("-")[0].lower() for path in folder.glob("*.dist-info")}


def test_asset_is_the_same_when_bundled_again(websocket: Path, tmp_path: Path) -> None:
    again = bundle(tmp_path / "again")

    assert FileSystem.fingerprint(str(again)) == FileSystem.fingerprint(str(websocket))


def test_asset_holds_the_application_and_what_it_imports_alone(websocket: Path) -> None:
    assert distributions(websocket) == {
        "annotated_types",
        "aws_lambda_powertools",
        "jmespath",
        "pydantic",
        "pydantic_core",
        "typing_extensions",
        "typing_inspection",
    }
    ours = {path.name for path in websocket.iterdir() if (Path.cwd() / path.name).is_dir()}
    assert ours == set(PACKAGES)
    assert not list(websocket.rglob("__pycache__"))


def test_cryptography_is_in_the_authorizers_asset_alone(websocket: Path, authorizer: Path) -> None:
    assert distributions(authorizer) - distributions(websocket) == {
        "cffi",
        "cryptography",
        "pycparser",
        "pyjwt",
    }


def test_binaries_are_lambdas_when_bundled_elsewhere(websocket: Path, authorizer: Path) -> None:
    binaries = [*websocket.rglob("*.so"), *authorizer.rglob("*.so")]

    assert binaries
    assert all("aarch64" in path.name or ".abi3." in path.name for path in binaries)
    assert all(path.read_bytes()[18:20] == b"\xb7\x00" for path in binaries)  # ELF's number for AArch64


@pytest.mark.parametrize(("asset", "most"), [("websocket", 8), ("authorizer", 12)])
def test_asset_is_small_when_zipped(
    asset: str, most: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    assert zipped(request.getfixturevalue(asset), tmp_path) <= most


def test_bytecode_is_the_same_when_compiled_again(tmp_path: Path) -> None:
    first, again = (bundle(tmp_path / name, target=HERE, bytecode=True) for name in ("first", "again"))
    compiled = list(first.rglob(f"*.{sys.implementation.cache_tag}.pyc"))

    assert len(compiled) == len(list(first.rglob("*.py")))
    assert zipped(first, tmp_path) <= 8
    assert FileSystem.fingerprint(str(first)) == FileSystem.fingerprint(str(again))


def test_bytecode_is_refused_when_the_runtimes_python_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"bytecode takes Python 3\.99"):
        bundling._compile(tmp_path, Target("3.99", None))


def test_bundle_says_what_is_missing_when_it_cannot_be_installed(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="the packages for asset could not be installed"):
        bundle(tmp_path / "asset", target=Target("2.7", None))
