"""What tests of the transport and of the publisher share."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from signalbox.aws.transport import Transport
from tests.framework.aws.certificates import Certificates, make_certificates
from tests.framework.aws.scripted import Server, running
from tests.framework.aws.virtual import VirtualLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual seconds where nothing touches a socket; elsewhere both loops that people use."""
    virtual = {
        "test_budget",
        "test_connection",
        "test_fanout",
        "test_fanout_deadline",
        "test_fanout_throttled",
    }
    if item.path.stem in virtual:
        return {"virtual": VirtualLoop}
    uvloop = pytest.importorskip("uvloop", reason="a part of the local extra, not on Windows")
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running() as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def transport_to() -> AsyncIterator[Callable[..., Transport]]:
    """Make transports, closed after the test."""
    made = []

    def make(server: Server, scheme: str = "http", **options: Any) -> Transport:
        made.append(Transport(f"{scheme}://127.0.0.1:{server.port}", **options))
        return made[-1]

    yield make
    for transport in made:
        await transport.close()
