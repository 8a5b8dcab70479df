"""Who imports whom, and where boto3 and the clock may appear: what import-linter cannot say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import ROOT
from tests.framework.module_graph import circles, imports, modules

FRAMEWORK = ("connection_store", "signalbox")

BOTO3 = {
    "connection_store/boto3_engine.py",
    "signalbox/aws/credentials.py",
}

IMPORT_EVERYTHING = dedent("""
    import importlib, importlib.abc, sys

    class NoApplication(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name.partition(".")[0] in ("cdk", "handlers"):
                raise ModuleNotFoundError(f"{name} is the application's")

    sys.path.insert(0, sys.argv.pop(1))
    sys.meta_path.insert(0, NoApplication())
    for name in sys.argv[1:]:
        importlib.import_module(name)
    elsewhere = [name for name in sys.argv[1:] if not sys.modules[name].__file__.startswith(sys.path[0])]
    print("from elsewhere:", elsewhere)
""")


def sources(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def found(pattern: str, paths: list[Path]) -> set[str]:
    return {
        str(path.relative_to(ROOT)) for path in paths if re.search(pattern, path.read_text(), re.MULTILINE)
    }


def test_boto3_stays_in_two_files_when_imported() -> None:
    assert found(r"^\s*(import|from) (boto3|botocore)", sources(*FRAMEWORK)) == BOTO3


def test_application_reads_no_clock_when_it_has_the_events_time() -> None:
    assert (
        found(r"\btime\.time\(|datetime\.now", sources("signalbox/resolver", "signalbox/realtime")) == set()
    )


def test_framework_is_imported_whole_when_there_is_no_application(tmp_path: Path) -> None:
    for package in FRAMEWORK:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    names = modules(tmp_path, *FRAMEWORK).keys() - {"signalbox.__main__"}  # that one runs the command line

    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING, str(tmp_path), *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.stdout == "from elsewhere: []\n", done.stderr


@pytest.mark.parametrize("package", FRAMEWORK)
def test_package_loads_nothing_of_its_own_when_imported(package: str) -> None:
    code = (
        f"import sys, {package}; print({{*sys.modules}} & {{*sys.argv[1:]}} - {{'{package}', 'signalbox'}})"
    )
    names = modules(ROOT, *FRAMEWORK).keys() - {"signalbox.lazy"}
    done = subprocess.run(
        [sys.executable, "-c", code, *names], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.stdout == "set()\n", done.stderr


def test_modules_import_each_other_nowhere_even_for_type_checkers() -> None:
    assert circles(imports(ROOT, *FRAMEWORK)) == []


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"a": "import rooms.b", "b": "import rooms.c", "c": ""}, []),
        ({"a": "from .b import x", "b": "from rooms.c import x", "c": "from . import a"}, [["a", "b", "c"]]),
        ({"a": "from typing import T\nif T:\n    from .b import x", "b": "from .a import y"}, [["a", "b"]]),
        (
            {"a": "def f():\n    from . import b", "b": "from .a import y", "c": "import rooms.a"},
            [["a", "b"]],
        ),
        ({"inner/__init__": "from .a import x", "inner/a": "from . import x"}, [["inner", "inner.a"]]),
        ({"inner/__init__": "import rooms.b", "inner/a": "", "b": "import rooms.inner.a"}, [["b", "inner"]]),
        ({"inner/__init__": "from .a import x", "inner/a": "from .b import x", "inner/b": ""}, []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_circle_is_found_when_there_is_one(
    tmp_path: Path, sources: dict[str, str], expected: list[list[str]]
) -> None:
    for name, text in {"__init__": "", **sources}.items():
        file = tmp_path / "rooms" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    graph = imports(tmp_path, "rooms")

    assert circles(graph) == [[f"rooms.{each}" for each in circle] for circle in expected]
