"""The product as a user starts it, for every test that needs the whole of it."""

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from signalbox.testing.local_run import LocalRun as LocalRun
from signalbox.testing.local_run import start_local_run
from tests import canary

ROOT = Path(__file__).resolve().parent.parent

# No function of this repository gets an AWS SDK, in any test.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(ROOT / "tests" / "no_sdk"), *filter(None, [os.environ.get("PYTHONPATH")])]
)

# The ARGS=... of this make are not for a make that a test starts.
os.environ.pop("MAKEFLAGS", None)

if sys.dont_write_bytecode:
    # Tests start hundreds of processes, and each would compile all that it imports. The compiled modules are
    # kept in one folder, so that the source tree stays as clean as PYTHONDONTWRITEBYTECODE asks for.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / "build" / "pycache")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # `python -B` sets none


@pytest.fixture(scope="session")
def local_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """`signalbox dev` on a free port, stopped with Ctrl-C. Nothing that a client says is in its output."""
    with start_local_run(ROOT, tmp_path_factory.mktemp("local-run") / "output") as run:
        yield run
    assert canary.CANARY not in run.log.read_text(errors="replace")


@pytest.fixture(autouse=True)
def _no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing a developer has configured for AWS reaches a test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def pytest_configure() -> None:
    """Watch every log line of the run for what clients say."""
    canary.listen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test during which that was logged or printed has failed (S04, S14)."""
    report = yield
    places = [
        *canary.sung,
        *("its output" for text in (report.capstdout, report.capstderr) if canary.CANARY in text),
    ]
    canary.sung.clear()
    if report.passed and places:
        report.outcome = "failed"
        report.longrepr = f"what a client said was logged: {', '.join(places)}"
    return report
