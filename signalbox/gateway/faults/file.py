"""Fault plans in JSON, for example `{"seed": 7, "faults": [{"fault": "drop", "kind": "disconnect"}]}`."""

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

from ..errors import ConfigError
from .plan import AnyFault, FaultPlan, check

_KINDS: dict[str, Any] = {kind.__name__.lower(): kind for kind in get_args(AnyFault)}


def read_plan(file: Path) -> FaultPlan:
    """Read a plan from a file. Names and values are those of Python, with fault names in lower case.

    Raises ConfigError. Its text is one line with the file and the problem.
    """
    try:
        given = _object(json.loads(file.read_text()), "plan", {"faults", "seed", "clock_rate"})
        faults = given.pop("faults", ())
        if not isinstance(faults, tuple):
            raise ConfigError("faults is not a list")
        return FaultPlan(*map(_fault, faults), **given)
    except OSError as error:
        raise ConfigError(f"fault plan {file}: {error.strerror}") from error
    except (ValueError, ConfigError) as error:
        raise ConfigError(f"fault plan {file}: {error}") from error


def _fault(given: object) -> Any:
    name = given.get("fault") if isinstance(given, dict) else None
    kind = _KINDS.get(str(name))
    if kind is None:
        raise ConfigError(f"there is no fault {name!r}, but {', '.join(_KINDS)}")
    possible = {each.name: each for each in fields(kind)}
    values = _object(given, str(name), {"fault", *possible})
    del values["fault"]
    if missing := {each.name for each in fields(kind) if each.default is MISSING} - values.keys():
        raise ConfigError(f"a {name} needs {' and '.join(sorted(missing))}")
    for key, value in values.items():
        check(kind, possible[key], value)
    return kind(**values)


def _object(given: object, what: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ConfigError(f"a {what} is not an object")
    if unknown := given.keys() - names:
        raise ConfigError(f"a {what} has no {' and no '.join(sorted(unknown))}")
    # The values of a frozen dataclass should be immutable, too.
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
