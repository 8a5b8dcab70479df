"""The application in this process, for fast tests: a table and a gateway in memory, a clock that stands."""

from collections.abc import Iterator

import pytest

from handlers.application import app
from signalbox.testing import Backend


@pytest.fixture
def backend() -> Iterator[Backend]:
    """Yield the application without connections. Each test has its own."""
    with Backend(app) as backend:
        yield backend
