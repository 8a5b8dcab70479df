from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.framework.realtime.backend import Backend


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
async def backend(aws: None) -> Backend:
    backend = Backend()
    await backend.connections.init_table()
    return backend
