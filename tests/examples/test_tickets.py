"""examples/tickets: its tests pass on top of the application, and it is as small as its page says."""

import difflib
import io
import os
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "tickets"
CHANGES = sorted((EXAMPLE / "handlers").rglob("*.py"))
LARGEST = 60
"""Lines of code in `handlers/`, without blank lines, comments and docstrings."""


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A copy of this repository's application, with the example on top."""
    shutil.copytree(ROOT / "handlers", tmp_path / "handlers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(application: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    search = os.pathsep.join([str(application), str(ROOT)])
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=application,
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_tests_of_the_example_pass_when_its_files_are_in_the_application(application: Path) -> None:
    done = run(application, "-m", "pytest", "-q", "--rootdir=.", "-p", "no:cacheprovider", "tests")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_script_says_what_is_missing_when_it_runs_without_a_backend(application: Path) -> None:
    done = run(application, "-m", "handlers.announce", "Back at nine")

    assert "TABLE_NAME" in done.stderr


def test_change_is_at_most_sixty_lines_when_comments_are_left_out() -> None:
    added = [line for file in CHANGES for line in _added(file)]

    assert 30 < len(added) <= LARGEST, "\n".join(added)


def _added(file: Path) -> list[str]:
    """Return the lines of code that the example adds to a file or changes in it."""
    original = ROOT / file.relative_to(EXAMPLE)
    before = list(_code(original.read_text())) if original.exists() else []
    changes = list(difflib.ndiff(before, list(_code(file.read_text()))))
    assert len([line for line in changes if line.startswith("- ")]) <= 1, f"{file} is not today's"
    return [line for line in changes if line.startswith("+ ")]


def _code(source: str) -> Iterator[str]:
    """Yield the lines that hold code."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    kept: set[int] = set()
    first = True
    for token in tokens:
        docstring = first and token.type == tokenize.STRING
        if token.type not in {*silent, tokenize.ENDMARKER} and not docstring:
            kept.update(range(token.start[0], token.end[0] + 1))
        if token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            first = True
        elif token.type not in (tokenize.COMMENT, tokenize.NL):
            first = False
    lines = source.splitlines()
    yield from (lines[number - 1] for number in sorted(kept))
