"""The application's services, given to handlers by type."""

import inspect
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, get_type_hints

from .errors import RegistrationError

Providers = Mapping[type, Callable[[Any], Any]]
"""From a type to a function that takes the Context and returns the object of that type."""


class Services:
    """The application's services, made once, on first use, and found by their type.

    The source is an object with the services as attributes, for example a dataclass. It may also be a class,
    or a function annotated with the class it returns. `providers` are objects that differ from one
    event to the next. A source that takes an argument is called with that of `argument()`. Raises
    RegistrationError for a function without that annotation.
    """

    def __init__(
        self,
        source: object = None,
        providers: Providers | None = None,
        argument: Callable[[], Any] = lambda: None,
    ) -> None:
        self._argument = argument
        self._providers = dict(providers or {})
        self._factory = source if isinstance(source, type) or inspect.isroutine(source) else None
        self._instance = None if self._factory else source
        self._lock = Lock()
        self.kind = _made_by(self._factory) if self._factory else type(source)
        self._types = self._list_types()

    def get(self) -> Any:
        """Return the services. The first call makes them."""
        if self._factory:
            with self._lock:
                if self._factory:
                    self._instance = self._make(self._factory)
                    self._factory = None
        return self._instance

    def provider(self, annotation: object) -> Callable[[Any], Any] | None:
        """Return the provider of a type or of its base class."""
        if not isinstance(annotation, type):
            return None
        return next((self._providers[kind] for kind in annotation.__mro__ if kind in self._providers), None)

    def find(self, parameter: str, annotation: object) -> str | None:
        """Return the attribute of that type. Of several, it is the one named like the parameter."""
        found = [name for name, types in self._types.items() if annotation in types]
        if len(found) == 1:
            return found[0]
        return parameter if parameter in found else None

    def describe(self) -> list[str]:
        """List the available types, for an error message."""
        own = [f"{getattr(types[-1], '__name__', types[-1])} ({name})" for name, types in self._types.items()]
        return own + [kind.__name__ for kind in self._providers]

    def _make(self, factory: Any) -> Any:
        required = [
            each
            for each in inspect.signature(factory).parameters.values()
            if each.default is each.empty and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
        ]
        return factory(self._argument()) if required else factory()

    def _list_types(self) -> dict[str, list[Any]]:
        types = {name: [declared] for name, declared in _resolve_hints(self.kind).items()}
        for name in (*types, *getattr(self._instance, "__dict__", ())):
            types.setdefault(name, []).append(type(getattr(self._instance, name, None)))
        services = {name: [kind for kind in kinds if can_be_service(kind)] for name, kinds in types.items()}
        return {name: kinds for name, kinds in services.items() if kinds}


def can_be_service(kind: object) -> bool:
    """Whether the type alone says which service is meant, as `int` or `Any` cannot."""
    unsaid = kind is Any or kind is inspect.Parameter.empty
    return not unsaid and getattr(kind, "__module__", "builtins") != "builtins"


def _made_by(factory: Any) -> type:
    made = factory if isinstance(factory, type) else _resolve_hints(factory).get("return")
    if not isinstance(made, type) or inspect.iscoroutinefunction(factory):
        raise RegistrationError(
            f"services: {factory.__qualname__} must return, and be annotated with, a class"
        )
    return made


def _resolve_hints(annotated: Any) -> dict[str, Any]:
    try:
        return get_type_hints(annotated)
    except NameError as error:
        raise RegistrationError(
            f"services: {annotated.__qualname__} names {error.name}, which is unknown"
        ) from None
