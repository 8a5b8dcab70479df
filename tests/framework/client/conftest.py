"""What the client's tests share."""

from collections.abc import AsyncIterator

import pytest

from tests.framework.client.backend import Backend, running_backend


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    """A backend that speaks the protocol, or what the test makes it speak."""
    async with running_backend() as backend:
        yield backend
