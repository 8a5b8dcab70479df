"""What the publisher's tests share."""

from collections.abc import Callable
from typing import Any

import pytest

from signalbox.aws.credentials import Credentials
from signalbox.aws.transport import Transport
from signalbox.publisher import ApiGateway
from tests.framework.aws.conftest import (
    certificates,
    pytest_asyncio_loop_factories,
    server,
    transport_to,
)
from tests.framework.aws.scripted import Server

__all__ = ["certificates", "pytest_asyncio_loop_factories", "server", "transport_to"]

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "canary-secret",
    "AWS_SESSION_TOKEN": "canary-token",
}


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
