"""Which application to run: `[tool.signalbox]` in the pyproject.toml of the nearest folder says so.

    [tool.signalbox]
    application = "handlers.application:app"

The functions are beside the application: `handlers.websocket.handler`, and likewise `authorizer`, `worker`
and `sweeper`. A key of that name in the same table names another. Variables of your own settings stand in a
table of their own, and a variable of your shell with the same name wins:

    [tool.signalbox.environment]
    BLOCKED_WORDS = "spam"

Standard library only.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .environments import SetupError

FUNCTIONS = ("websocket", "authorizer", "worker", "sweeper")

_APPLICATION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_HANDLER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


@dataclass(frozen=True, slots=True)
class Project:
    """An application on this machine: its folder, and its functions as "module.function"."""

    root: Path
    websocket: str
    authorizer: str
    worker: str
    sweeper: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def build(self) -> Path:
        """Where the local run keeps logs and variables."""
        return self.root / "build"


def find_project(start: Path) -> Project:
    """Return the application of `start` or of the nearest folder above it. Raises SetupError."""
    for folder in (start, *start.parents):
        table = _read(folder / "pyproject.toml")
        if table is not None:
            return _project(folder, table)
    raise SetupError(
        f"no pyproject.toml with [tool.signalbox] in {start} or above it: "
        "go to an application's folder, or make one with signalbox new NAME"
    )


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        tool = tomllib.loads(file.read_text()).get("tool", {})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise SetupError(f"{file} cannot be read: {error}") from error
    table: Mapping[str, Any] | None = tool.get("signalbox")
    return table


def _project(root: Path, table: Mapping[str, Any]) -> Project:
    application = str(table.get("application", ""))
    if not _APPLICATION.fullmatch(application):
        raise SetupError(
            f"{root / 'pyproject.toml'}: [tool.signalbox] application is {application!r}; "
            'it names a module and a variable, such as "handlers.application:app"'
        )
    package = application.partition(":")[0].rpartition(".")[0]
    beside = f"{package}." if package else ""
    functions = {name: str(table.get(name, f"{beside}{name}.handler")) for name in FUNCTIONS}
    for name, handler in functions.items():
        _check(root, name, handler)
    return Project(root, **functions, environment=_environment(root, table))


def _environment(root: Path, table: Mapping[str, Any]) -> Mapping[str, str]:
    variables = table.get("environment", {})
    if not (isinstance(variables, dict) and all(isinstance(value, str) for value in variables.values())):
        raise SetupError(f"{root / 'pyproject.toml'}: [tool.signalbox.environment] holds texts only")
    return variables


def _check(root: Path, name: str, handler: str) -> None:
    module = root.joinpath(*handler.split(".")[:-1])
    if _HANDLER.fullmatch(handler) and (module.with_suffix(".py").exists() or module.is_dir()):
        return
    raise SetupError(
        f"{root / 'pyproject.toml'}: the function {name} is {handler!r}, and there is no {module}.py. "
        f'Add the file, or name another under [tool.signalbox]: {name} = "module.function"'
    )
