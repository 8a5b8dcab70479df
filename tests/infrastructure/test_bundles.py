"""The application's own assets: each entry point starts from its asset, with nothing of the repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from signalbox.constructs.bundling import HERE, bundle
from signalbox.constructs.synth import LOCKS
from tests.conftest import ROOT

ENTRIES = {
    "websocket": "websocket",
    "worker": "websocket",
    "sweeper": "websocket",
    "authorizer": "authorizer",
}
ENVIRONMENT = {
    "TABLE_NAME": "connections",
    "MANAGEMENT_ENDPOINT": "http://127.0.0.1:9/dev",
    "FANOUT_QUEUE_URL": "http://127.0.0.1:9/queue",
    "ALLOW_GUESTS": "true",
    "ALLOWED_ORIGINS": "http://localhost:8000",
    "POWERTOOLS_SERVICE_NAME": "signalbox-dev",
}


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("assets")
    return {
        name: bundle(folder / name, application_root=ROOT, lock=lock, target=HERE)
        for name, lock in LOCKS.items()
    }


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_point_starts_from_its_asset_when_deployed(
    assets: dict[str, Path], entry: str, tmp_path: Path
) -> None:
    asset = assets[ENTRIES[entry]]
    # -I: nothing of the repository, which is where pytest runs.
    program = (
        f"import sys; sys.path.insert(0, {str(asset)!r}); import handlers.{entry} as entry, signalbox;"
        "print(entry.__file__, signalbox.__file__, callable(entry.handler))"
    )

    started = subprocess.run(
        [sys.executable, "-I", "-c", program],
        env={**os.environ, **ENVIRONMENT},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert started.returncode == 0, started.stderr
    *files, starts = started.stdout.split()
    assert all(file.startswith(str(asset)) for file in files)
    assert starts == "True"
