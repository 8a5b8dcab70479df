"""What the publisher's tests share."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from publisher import ApiGateway, Credentials, Transport
from tests.unit.publisher.certificates import Certificates, make_certificates
from tests.unit.publisher.scripted import Server, running
from tests.unit.publisher.virtual import VirtualLoop

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "canary-secret",
    "AWS_SESSION_TOKEN": "canary-token",
}


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
        "test_memory",
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


@pytest.fixture
async def gateway_to(transport_to: Callable[..., Transport]) -> Callable[..., ApiGateway]:
    """Make gateways to a server's stage `prod`."""

    def make(server: Server, clock: Callable[[], float] = lambda: 0.0, **options: Any) -> ApiGateway:
        return ApiGateway(
            f"http://127.0.0.1:{server.port}/prod",
            "eu-west-1",
            credentials=Credentials(KEYS),
            transport=transport_to(server, **options),
            clock=clock,
        )

    return make
