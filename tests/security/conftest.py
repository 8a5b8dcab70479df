"""The product behind its authorizer, and the engines its tickets are spent on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signalbox.dev.arguments import parse
from signalbox.dev.identity import Identity
from signalbox.dev.run import local_run
from signalbox.gateway import LocalGateway
from tests.contract.conftest import (
    engine,
    engine_name,
    make_table,
    ministack,
    table,
    unwatched,
)
from tests.framework.conftest import backend

__all__ = [
    "backend",
    "engine",
    "engine_name",
    "make_table",
    "ministack",
    "table",
    "unwatched",
]

PAGE = "https://app.example.com"


@pytest.fixture
def identity() -> Identity:
    """A run that knows one page, and guests only as people to refuse."""
    return Identity({"ALLOWED_ORIGINS": PAGE})


@pytest.fixture
async def gateway(
    identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LocalGateway]:
    """The product on real sockets, which logs all it ever would."""
    monkeypatch.setenv("ALLOW_GUESTS", "false")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "DEBUG")
    options = parse(["--port", "0", "--sandboxes", "2"])
    async with local_run(options, identity=identity, log=tmp_path / "engine.log") as gateway:
        yield gateway
