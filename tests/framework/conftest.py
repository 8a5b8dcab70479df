import pytest

from signalbox import Application
from tests.framework.application import NAMESPACES
from tests.framework.realtime.backend import Backend


@pytest.fixture
async def backend() -> Backend:
    backend = Backend()
    await backend.connections.init_table()
    return backend


@pytest.fixture
def app() -> Application:
    """An application without messages of its own."""
    return Application(namespaces=NAMESPACES)
