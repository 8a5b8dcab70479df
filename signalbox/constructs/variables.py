"""The variables that the stack sets, compared with those that the application's settings read."""

from collections.abc import Iterator, Sequence, Set
from importlib import import_module
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo

from .errors import BackendError

LAMBDAS_OWN = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_NAME", "TZ"})
"""Variables that every function has, of those a setting may ask for."""


class SettingsFields:
    """An application's settings class, by the variables that it reads. `model` is a pydantic model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.file = f"{model.__module__.replace('.', '/')}.py"
        self.title = model.__name__
        self._fields = model.model_fields

    @property
    def names(self) -> frozenset[str]:
        """Every variable that a field reads."""
        return frozenset(each for name, field in self._fields.items() for each in _names(name, field))

    @property
    def required(self) -> Iterator[tuple[str, ...]]:
        """The variables of each field without a default: one of them must be set."""
        return (_names(name, field) for name, field in self._fields.items() if field.is_required())


class Variables:
    """The variables that the stack sets, and those that `settings` read.

    `functions` are the names of the variables that the framework sets, for each function.
    """

    def __init__(self, settings: SettingsFields | None, functions: Sequence[Set[str]]) -> None:
        self._settings = settings
        self._framework = frozenset[str]().union(*functions)
        self._everywhere = LAMBDAS_OWN | frozenset[str](functions[0]).intersection(*functions)

    def add(self, name: str) -> str | None:
        """Note a variable of the application's; return a warning if its settings do not read it.

        Raises BackendError if the framework sets it.
        """
        if name in self._framework:
            raise BackendError(
                f"cdk/stack.py: backend.environment({name}=...) would replace a variable that the framework "
                "sets; choose another name, or the stage's setting in cdk.json"
            )
        self._everywhere |= {name}
        if self._settings is None or name in self._settings.names:
            return None
        return f"{self._settings.file}: {self._settings.title} does not read {name}, which the stack sets"

    def missing(self) -> list[str]:
        """Say of each required variable that the stack does not set where to add it."""
        settings = self._settings
        if settings is None:
            return []
        return [
            f"{settings.file}: {settings.title} needs {names[0]}, which the stack does not set. "
            f"Add backend.environment({names[0]}=...) in cdk/stack.py."
            for names in settings.required
            if self._everywhere.isdisjoint(names)
        ]


def find_settings(import_string: str) -> SettingsFields | None:
    """Import the settings class that `import_string` ("handlers.settings:Settings") names.

    Return None if there is no such module. Raises BackendError if it has no such class.
    """
    module, _, name = import_string.partition(":")
    try:
        found: Any = getattr(import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            return None
        raise BackendError(f"{_file(module)} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise BackendError(f"{_file(module)} has no pydantic model {name}; see RealtimeBackend(settings=...)")
    return SettingsFields(found)


def _names(name: str, field: FieldInfo) -> tuple[str, ...]:
    match field.validation_alias:
        case AliasChoices(choices=choices):
            return tuple(str(each.path[0] if isinstance(each, AliasPath) else each) for each in choices)
        case AliasPath(path=path):
            return (str(path[0]),)
        case str(alias):
            return (alias,)
    return (name.upper(),)


def _file(module: str) -> str:
    return f"{module.replace('.', '/')}.py"
