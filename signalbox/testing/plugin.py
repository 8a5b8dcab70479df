"""The pytest plugin: a local gateway in front of the functions under test.

pytest finds it by itself after `pip install signalbox[testing]`. It imports the gateway only when a
test asks for one. Return a gateway from a fixture called `unstarted_local_gateway`, then ask for
`local_gateway`. The fixture `local_run` is your whole application, as `signalbox dev` runs it.
docs/testing.md has examples.

PYTEST_DONT_REWRITE: this module has no assertions, and a test may import it before pytest does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signalbox.gateway import Gateway

    from .local_run import LocalRun
    from .running import RunningGateway


@pytest.fixture
def unstarted_local_gateway() -> Gateway:
    """Return the gateway of a test, not started yet. Every project overrides this fixture."""
    raise pytest.UsageError(
        "local_gateway needs a fixture called unstarted_local_gateway that returns the gateway to start: "
        'return LocalGateway("module.function", Config(port=0))'
    )


@pytest.fixture
def local_gateway(unstarted_local_gateway: Gateway) -> Iterator[RunningGateway]:
    """Start the gateway of `unstarted_local_gateway`. Each test gets a gateway of its own."""
    from .running import running

    with running(unstarted_local_gateway) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def local_run(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """Run the application of pytest's root folder as `signalbox dev` does, once for all tests."""
    from .local_run import start_local_run

    with start_local_run(pytestconfig.rootpath, tmp_path_factory.mktemp("local-run") / "output") as run:
        yield run
