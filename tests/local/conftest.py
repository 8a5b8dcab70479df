from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from signalbox.dev.arguments import parse
from signalbox.dev.run import local_run
from signalbox.gateway import LocalGateway


@pytest_asyncio.fixture(params=["runtime", "socket"], scope="module", loop_scope="module")
async def gateway(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LocalGateway]:
    """The product on two sandboxes of one kind, with messages that misbehave, for all tests of a module.

    Its tests run on the event loop of the module: `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
    """
    options = parse(["--port", "0", "--sandboxes", "2", "--sandbox", request.param])
    log = tmp_path_factory.mktemp("engine") / "engine.log"
    async with local_run(options, handler="tests.local.misbehaving_function.handler", log=log) as gateway:
        yield gateway
