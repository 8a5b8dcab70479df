"""Which application the local run takes."""

from pathlib import Path

import pytest

from signalbox.dev.environments import SetupError
from signalbox.dev.project import FUNCTIONS, find_project

TABLE = '[tool.signalbox]\napplication = "handlers.application:app"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "handlers").mkdir()
    for name in FUNCTIONS:
        (tmp_path / "handlers" / f"{name}.py").touch()
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / "pyproject.toml").write_text(text)


def test_functions_are_beside_the_application_when_nothing_else_is_said(root: Path) -> None:
    write(root, TABLE)

    project = find_project(root)
    found = [getattr(project, name) for name in FUNCTIONS]
    assert found == [f"handlers.{name}.handler" for name in FUNCTIONS]
    assert project.root == root
    assert find_project(root).build == root / "build"


def test_functions_are_beside_the_application_when_it_is_in_no_package(root: Path) -> None:
    write(root, '[tool.signalbox]\napplication = "application:app"\n')
    for name in FUNCTIONS:
        (root / f"{name}.py").touch()

    assert find_project(root).worker == "worker.handler"


def test_function_is_another_when_it_is_named(root: Path) -> None:
    (root / "jobs.py").touch()
    write(root, f'{TABLE}worker = "jobs.work"\n')

    assert find_project(root).worker == "jobs.work"


def test_application_is_the_nearest_when_folders_lie_within_each_other(root: Path) -> None:
    write(root, TABLE)
    below = root / "handlers" / "routes"
    below.mkdir()
    write(below, '[tool.other]\nname = "no application"\n')

    assert find_project(below).root == root


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, r"no pyproject\.toml with \[tool\.signalbox\] in .*signalbox new NAME"),
        ("[tool.signalbox", r"pyproject\.toml cannot be read: "),
        ("[tool.signalbox]", r"application is ''; it names a module and a variable"),
        ('[tool.signalbox]\napplication = "handlers.application"', "application is 'handlers.application'"),
        (f'{TABLE}worker = "jobs.work"', r"the function worker is 'jobs\.work', and there is no .*jobs\.py"),
        (f'{TABLE}worker = "../x"', "the function worker is '../x'"),
    ],
)
def test_one_line_says_what_to_do_when_there_is_no_application(
    root: Path, text: str | None, reason: str
) -> None:
    if text is not None:
        write(root, text)

    with pytest.raises(SetupError, match=reason) as raised:
        find_project(root)
    assert "\n" not in str(raised.value)


def test_variables_are_those_of_their_table(root: Path) -> None:
    write(root, f'{TABLE}[tool.signalbox.environment]\nBLOCKED_WORDS = "spam"\n')

    assert find_project(root).environment == {"BLOCKED_WORDS": "spam"}


def test_one_line_says_so_when_a_variable_is_no_text(root: Path) -> None:
    write(root, f"{TABLE}[tool.signalbox.environment]\nBLOCKED_WORDS = 1\n")

    with pytest.raises(SetupError, match="holds texts only"):
        find_project(root)
