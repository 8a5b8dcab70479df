from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from signalbox.resolver import RegistrationError
from signalbox.resolver.services import Services

if TYPE_CHECKING:
    from somewhere import Nothing  # type: ignore[import-not-found]  # a name the interpreter never sees


class Clock(Protocol):
    def now(self) -> int: ...


class FixedClock:
    def now(self) -> int:
        return 7


class Store:
    pass


@dataclass
class Application:
    clock: Clock
    store: Store
    archive: Store
    table_name: str = "table"
    anything: Any = None


def _application() -> Application:
    return Application(FixedClock(), Store(), Store())


def test_attribute_is_found_when_its_declared_or_its_actual_type_is_asked_for() -> None:
    services = Services(_application())
    assert services.find("it", Clock) == "clock"
    assert services.find("it", FixedClock) == "clock"


def test_attribute_is_found_by_name_when_several_have_the_type() -> None:
    services = Services(_application())
    assert services.find("archive", Store) == "archive"
    assert services.find("it", Store) is None


@pytest.mark.parametrize("annotation", [str, Any, type(None), dict])
def test_attribute_is_not_found_when_its_type_means_nothing(annotation: Any) -> None:
    assert Services(_application()).find("table_name", annotation) is None


def test_attributes_without_declaration_are_found_when_the_object_is_plain() -> None:
    assert Services(SimpleNamespace(store=Store())).find("it", Store) == "store"


def test_factory_is_called_once_and_only_when_its_services_are_wanted() -> None:
    made = []

    def make() -> Application:
        made.append(_application())
        return made[-1]

    services = Services(make)
    assert services.find("it", Clock) == "clock"
    assert made == []
    assert services.get() is services.get() is made[0]
    assert len(made) == 1


def test_factory_is_called_again_when_it_failed() -> None:
    attempts: Iterator[OSError | Application] = iter([OSError("not yet"), _application()])

    def make() -> Application:
        attempt = next(attempts)
        if isinstance(attempt, OSError):
            raise attempt
        return attempt

    services = Services(make)
    with pytest.raises(OSError, match="not yet"):
        services.get()
    assert isinstance(services.get(), Application)


def test_class_and_cached_function_are_factories() -> None:
    assert isinstance(Services(Store).get(), Store)
    assert Services(cache(_application)).find("it", Clock) == "clock"


def test_registration_fails_when_a_factory_does_not_say_what_it_makes() -> None:
    async def later() -> Application:
        return _application()

    def unknown() -> "Nothing":
        raise NotImplementedError

    for factory in (lambda: _application(), later, unknown):
        with pytest.raises(RegistrationError, match="services"):
            Services(factory)
