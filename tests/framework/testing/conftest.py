"""Virtual seconds for the gateway without a network."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.framework.aws.virtual import VirtualLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.stem == "test_gateway":
        return {"virtual": VirtualLoop}
    return {"asyncio": asyncio.SelectorEventLoop}
