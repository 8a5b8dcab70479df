"""Own code in handlers/ breaks no test: what the README says is done in a copy of the repository, and tested.

Not every test runs on the copy, because all of them take longer than three minutes. A test is run if it could
notice the edit. The source decides that. The test's module, a module of tests/ or benchmarks/ that it imports
or a conftest.py beside it does one of these:

- it imports the application
- it names the application and knows where the repository is
- it reads files of the repository whose names it finds out when it runs
- it starts or packs the application as the product does

No other test can notice. The framework imports nothing of the application, which test_layers.py in
tests/framework proves, and a test without any of these has no other way to the files in handlers/.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.documents import Block, apply_edit, read_blocks, section
from tests.framework.module_graph import Graph, imports, modules

pytestmark = [pytest.mark.xdist_group("own code"), pytest.mark.timeout(600)]

SUITES = ("framework", "application", "security", "infrastructure")
APPLICATION = {"cdk", "handlers"}

PATIENCE = 500
"""Seconds that a command may take on a machine that is busy."""

NAMES_IT = re.compile(r"\b(handlers|cdk)\b")
LOCATES_IT = re.compile(r"\b(ROOT|__file__|rootpath|getcwd)\b")
"""A test with both may import the application by name in another process, or read its files."""

WALKS = re.compile(r"\bROOT(\.r?glob|\.iterdir| / [a-z])")
"""It reads files of the repository whose names the source does not say."""

RUNS_IT = re.compile(r"\b(local_run|find_project|application_files)\b|\"dev\"|signalbox new")
"""It starts the application as the product does, or packs it."""

EVERYWHERE = "tests.conftest"
"""Defines what the others ask for by name, so that it says nothing of a test."""

SECTIONS = ("A handler", "A channel kind")


def edits() -> list[Block]:
    """Return what the README says on a handler and on a channel kind, in order."""
    readme = (ROOT / "README.md").read_text()
    blocks = [block for title in SECTIONS for block in read_blocks(section(readme, title))]
    return [block for block in blocks if block.language in ("diff", "python")]


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the README's handler and its channel kind."""
    copy = tmp_path_factory.mktemp("own-code") / "repository"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, copy / name)
    for made in (".venv", "node_modules"):
        if (ROOT / made).exists():
            (copy / made).symlink_to(ROOT / made)
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", copy / ".mypy_cache")
    for edit in edits():
        apply_edit(edit, copy)
    return copy


def run(copy: Path, *command: str) -> str:
    """Return what a command prints in the copy; fail with all of it if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command,
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def affected(root: Path) -> list[str]:
    """Return the files of the four suites that could notice an edit of the application."""
    files = modules(root, "benchmarks", "tests")
    graph = imports(root, "benchmarks", "tests", *APPLICATION)
    noticing = {
        name for name, file in files.items() if graph[name] & APPLICATION or _mentions_it(file.read_text())
    }
    return sorted(
        files[name].relative_to(root).as_posix()
        for name in files
        if name.startswith(tuple(f"tests.{suite}." for suite in SUITES))
        and files[name].name.startswith("test_")
        and noticing & _reachable(name, files, graph)
    )


def _mentions_it(source: str) -> bool:
    finds_it = NAMES_IT.search(source) and LOCATES_IT.search(source)
    return bool(finds_it or WALKS.search(source) or RUNS_IT.search(source))


def _reachable(name: str, files: dict[str, Path], graph: Graph) -> set[str]:
    """Return a test's module, the conftest modules around it, and all that these import."""
    around = name.split(".")
    conftests = {".".join([*around[:depth], "conftest"]) for depth in range(1, len(around))}
    waiting, found = {name, *conftests & files.keys()}, set[str]()
    while waiting:
        module = waiting.pop()
        found.add(module)
        waiting |= graph[module] - found
    return found - {EVERYWHERE}


def commands_of_check() -> list[list[str]]:
    """Return the commands of `make check`."""
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    lines = recipe[1].replace("$(IN)", ".venv/bin/python -m").splitlines()
    return [line.strip().lstrip("@").split() for line in lines]


def test_edits_fit_into_the_application_when_done_as_the_readme_says(edited: Path) -> None:
    files = (file.relative_to(edited) for file in (edited / "handlers").rglob("*.py"))
    changed = {file.as_posix() for file in files if _differs(edited / file, ROOT / file)}

    assert changed == {block.file for block in edits()}
    assert changed == {"handlers/routes/greet.py", "handlers/application.py", "handlers/namespaces.py"}


def _differs(file: Path, original: Path) -> bool:
    return not original.exists() or original.read_bytes() != file.read_bytes()


@pytest.mark.parametrize("command", commands_of_check(), ids=" ".join)
def test_check_passes_when_the_readme_was_followed(edited: Path, command: list[str]) -> None:
    run(edited, *command)


def test_tests_pass_when_the_readme_was_followed(edited: Path) -> None:
    files = affected(edited)
    assert {Path(file).parts[1] for file in files} == set(SUITES)

    summary = run(
        edited,
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "-p",
        "no:cacheprovider",
        *files,
    )

    assert re.search(r"\d+ passed", summary), summary


def test_own_message_is_answered_when_the_readme_was_followed(edited: Path) -> None:
    program = """
from handlers.application import app
from signalbox.testing import Backend

ann = Backend(app).connect("ann")
print(ann.send("greet", name="Ann"), ann.subscribe("game:1")["type"])
"""
    answered = run(edited, sys.executable, "-c", program)

    assert "{'type': 'greeting', 'text': 'Hello Ann, you are ann'} channel.subscribed" in answered
