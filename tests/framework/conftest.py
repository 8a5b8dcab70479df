from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.framework.realtime.backend import Bench


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
async def bench(aws: None) -> Bench:
    bench = Bench()
    await bench.connections.init_table()
    return bench
