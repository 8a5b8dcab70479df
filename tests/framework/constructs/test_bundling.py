"""What the functions' assets hold. Installs from the package index, or what it left in uv's cache."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import signalbox
from signalbox.constructs import bundling
from signalbox.constructs.bundling import AUTHORIZER_LOCK, FUNCTIONS_LOCK, HERE, LAMBDA, Target, bundle
from signalbox.constructs.errors import BundleError
from tests.conftest import ROOT
from tests.framework.constructs.digests import digest

MEGABYTE = 1_000_000
ENTRY = """
from signalbox.resolver import WebSocketResolver

application = WebSocketResolver()
"""


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application's folder: handlers, and the locks of this repository."""
    root = tmp_path_factory.mktemp("application")
    handlers = root / "handlers"
    (handlers / "routes" / "__pycache__").mkdir(parents=True)
    (handlers / "routes" / "__pycache__" / "old.pyc").touch()
    (handlers / "__init__.py").touch()
    (handlers / "websocket.py").write_text(ENTRY)
    for lock in (FUNCTIONS_LOCK, AUTHORIZER_LOCK):
        shutil.copy(ROOT / lock, root)
    return root


@pytest.fixture(scope="session")
def websocket(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("bundle") / "websocket", application_root=root)


@pytest.fixture(scope="session")
def authorizer(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "authorizer"
    return bundle(folder, application_root=root, lock=AUTHORIZER_LOCK)


def zipped(folder: Path, into: Path) -> float:
    return Path(shutil.make_archive(str(into / "asset"), "zip", folder)).stat().st_size / MEGABYTE


def distributions(folder: Path) -> set[str]:
    return {path.name.partition("-")[0].lower() for path in folder.glob("*.dist-info")}


def test_asset_is_the_same_when_bundled_again(websocket: Path, root: Path, tmp_path: Path) -> None:
    again = bundle(tmp_path / "again", application_root=root)

    assert digest(again) == digest(websocket)


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
    ours = {path.name for path in websocket.iterdir() if (ROOT / path.name).is_dir()}
    assert ours == {"connection_store", "handlers", "signalbox"}
    assert not list(websocket.rglob("__pycache__"))


def test_framework_is_shipped_without_what_no_function_imports(websocket: Path) -> None:
    framework = websocket / "signalbox"
    left_out = {"client", "constructs", "dev", "gateway", "load_test", "template", "testing"}

    assert not left_out & {path.name for path in framework.iterdir()}
    assert {path.name for path in (framework / "pricing").iterdir()} == {
        "__init__.py",
        "broadcast.py",
        "prices.py",
    }
    # A part is left out by its place: a module of the same name elsewhere stays.
    assert (framework / "publisher" / "gateway.py").is_file()


def test_every_function_starts_from_its_asset_alone(root: Path, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "here", application_root=root, target=HERE)
    # The isolated interpreter sees the asset, and boto3 from where Lambda has it.
    program = (
        f"import sys; sys.path.insert(0, {str(folder)!r});"
        "import handlers.websocket, signalbox.realtime.services, signalbox.application;"
        "print(handlers.__file__, signalbox.__file__)"
    )

    started = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )

    assert started.returncode == 0, started.stderr
    assert all(path.startswith(str(folder)) for path in started.stdout.split())


def test_framework_is_taken_from_where_this_python_imports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "installed_elsewhere").mkdir()
    (tmp_path / "installed_elsewhere" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    assert bundling._installed("installed_elsewhere") == tmp_path / "installed_elsewhere"
    assert bundling._installed("signalbox") == Path(signalbox.__file__).parent


def test_cryptography_is_in_the_authorizers_asset_alone(websocket: Path, authorizer: Path) -> None:
    assert distributions(authorizer) - distributions(websocket) == {
        "cffi",
        "cryptography",
        "pycparser",
        "pyjwt",
    }


def test_locks_hold_no_boto3() -> None:
    for lock in (FUNCTIONS_LOCK, AUTHORIZER_LOCK):
        assert "boto" not in (ROOT / lock).read_text()


def test_locks_name_the_versions_that_the_tests_run_with() -> None:
    tested = (ROOT / "requirements.lock").read_text()

    for lock in (FUNCTIONS_LOCK, AUTHORIZER_LOCK):
        pins = [line.split(" ")[0] for line in (ROOT / lock).read_text().splitlines() if "==" in line]
        assert pins
        assert [pin for pin in pins if f"\n{pin} " not in f"\n{tested}"] == []


def test_binaries_are_lambdas_when_bundled_elsewhere(websocket: Path, authorizer: Path) -> None:
    binaries = [*websocket.rglob("*.so"), *authorizer.rglob("*.so")]
    version = LAMBDA.python.replace(".", "")

    assert binaries
    assert all(f"-{version}-aarch64" in path.name or ".abi3." in path.name for path in binaries)
    assert all(path.read_bytes()[18:20] == b"\xb7\x00" for path in binaries)  # ELF's number for AArch64


@pytest.mark.parametrize(("asset", "most"), [("websocket", 8), ("authorizer", 12)])
def test_asset_is_small_when_zipped(
    asset: str, most: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    assert zipped(request.getfixturevalue(asset), tmp_path) <= most


def test_bytecode_is_the_same_when_compiled_again(root: Path, tmp_path: Path) -> None:
    first, again = (
        bundle(tmp_path / name, application_root=root, target=HERE, bytecode=True)
        for name in ("first", "again")
    )
    compiled = list(first.rglob(f"*.{sys.implementation.cache_tag}.pyc"))

    assert len(compiled) == len(list(first.rglob("*.py")))
    assert zipped(first, tmp_path) <= 8
    assert digest(first) == digest(again)


def test_one_line_says_that_sources_are_shipped_when_the_runtimes_python_is_not_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundling._compile(tmp_path, Target("3.99", None))

    (line,) = capsys.readouterr().err.splitlines()
    assert "modules are shipped as source; uv python install 3.99" in line


def test_bundle_says_what_is_missing_when_it_cannot_be_installed(root: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="the packages for asset could not be installed"):
        bundle(tmp_path / "asset", application_root=root, target=Target("2.7", None))


def test_bundle_names_the_lock_when_the_application_has_none(tmp_path: Path) -> None:
    (tmp_path / "handlers").mkdir()

    with pytest.raises(BundleError, match=r"has no requirements-functions\.lock, .* make lock writes it"):
        bundle(tmp_path / "asset", application_root=tmp_path)


def test_bundle_names_the_folder_when_there_are_no_handlers(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / FUNCTIONS_LOCK, tmp_path)

    with pytest.raises(BundleError, match=r"has no handlers/; run the CDK in the folder of cdk\.json"):
        bundle(tmp_path / "asset", application_root=tmp_path)


def test_bundle_names_the_interpreter_when_a_package_is_not_installed() -> None:
    with pytest.raises(BundleError, match="the package nothing_of_the_kind is not installed in"):
        bundling._installed("nothing_of_the_kind")
