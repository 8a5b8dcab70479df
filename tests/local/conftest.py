from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signalbox.dev.arguments import parse
from signalbox.dev.run import local_run
from signalbox.gateway import LocalGateway


@pytest.fixture(params=["runtime", "socket"])
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LocalGateway]:
    """The product on two sandboxes of one kind, with messages that misbehave."""
    options = parse(["--port", "0", "--sandboxes", "2", "--sandbox", request.param])
    async with local_run(
        options, handler="tests.local.misbehaving_function.handler", log=tmp_path / "engine.log"
    ) as gateway:
        yield gateway
