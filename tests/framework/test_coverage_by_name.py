"""Every module of the framework has a test file of its name, or a test file that says it covers it.

A test file says so in the docstring at its top, with a line such as "Covers signalbox.gateway.http.incoming."
"""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.framework.module_graph import modules

FRAMEWORK = ("connection_store", "signalbox")

SUITES = {
    "connection_store": "contract",
    "signalbox.constructs": "infrastructure",
    "signalbox.dev": "local",
    "signalbox.gateway": "conformance",
}
"""Rooms that are tested in a suite of their own, too: the contract of the store, the facts of the gateway."""

COVERS = re.compile(r"^Covers ([\w., ]+)\.$", re.MULTILINE)


def covered(root: Path) -> set[str]:
    """Return the modules that some test file below `root`/tests says it covers."""
    docstrings = (ast.get_docstring(ast.parse(file.read_text())) for file in all_tests(root))
    lines = [line for text in docstrings if text for line in COVERS.findall(text)]
    return {name for line in lines for name in re.split(r", | and ", line)}


def all_tests(root: Path) -> list[Path]:
    return sorted((root / "tests").rglob("test_*.py"))


def named(root: Path) -> set[str]:
    """Return the modules that have a test file of their name, in a folder of the name of their room."""
    places = {(file.stem.removeprefix("test_"), part) for file in all_tests(root) for part in file.parts[:-1]}
    return {
        module
        for module in modules(root, *FRAMEWORK)
        if any((module.rpartition(".")[2], room) in places for room in rooms(module))
    }


def rooms(module: str) -> list[str]:
    package = module.rpartition(".")[0]
    room = "framework" if package == "signalbox" else package.rpartition(".")[2]
    return [room, *(suite for prefix, suite in SUITES.items() if module.startswith(f"{prefix}."))]


def with_code(root: Path) -> set[str]:
    """Return the modules that are no package's `__init__`."""
    return {name for name, file in modules(root, *FRAMEWORK).items() if file.name != "__init__.py"}


def test_module_is_tested_by_a_file_of_its_name_unless_a_test_says_that_it_covers_it() -> None:
    assert sorted(with_code(ROOT) - named(ROOT) - covered(ROOT)) == []


def test_module_exists_when_a_test_says_that_it_covers_it() -> None:
    assert sorted(covered(ROOT) - with_code(ROOT)) == []


@pytest.mark.parametrize(
    ("module", "test", "docstring", "found"),
    [
        ("gateway/http/server", "framework/gateway/http/test_server", "", True),
        ("gateway/http/server", "framework/client/test_server", "", False),
        ("gateway/http/server", "conformance/test_server", "", True),
        ("gateway/http/server", "local/test_all", "Covers signalbox.gateway.http.server.", True),
        ("gateway/http/server", "local/test_all", "It covers signalbox.gateway.http.server.", False),
        ("cli", "framework/test_cli", "", True),
        ("cli", "framework/client/test_other", "All.\n\nCovers signalbox.cli, signalbox.moment.", True),
    ],
)
def test_tests_of_a_module_are_found_by_name_and_by_docstring(
    tmp_path: Path, module: str, test: str, docstring: str, found: bool
) -> None:
    for path, text in ((f"signalbox/{module}", ""), (f"tests/{test}", f'"""{docstring}"""')):
        file = tmp_path / f"{path}.py"
        file.parent.mkdir(parents=True)
        file.write_text(text)

    (only,) = with_code(tmp_path)
    assert (only in named(tmp_path) | covered(tmp_path)) is found
