"""Deployments that tests share, one for each module."""

from collections.abc import Iterator

import pytest

from tests.deploy.deployment import Deployment
from tests.deploy.emulator import Emulator, listing


@pytest.fixture(scope="module")
def emulator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator, which judges calls by IAM where the module says `GUARDED = True`."""
    log = tmp_path_factory.mktemp("emulator") / "log"
    with Emulator(log, guarded=getattr(request.module, "GUARDED", False)) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def deployment(
    emulator: Emulator, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Deployment:
    """The stage, deployed with the settings that the module calls `STAGE`."""
    deployment = Deployment(emulator, tmp_path_factory.mktemp("deployment"))
    deployment.bootstrap()
    deployment.before = listing(emulator)
    deployment.deploy(**getattr(request.module, "STAGE", {}))
    return deployment
