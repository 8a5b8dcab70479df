import pytest

from tests.framework.realtime.backend import Backend


@pytest.fixture
async def backend() -> Backend:
    backend = Backend()
    await backend.connections.init_table()
    return backend
