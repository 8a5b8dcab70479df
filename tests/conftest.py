"""The product as a user starts it, for every test that needs the whole of it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import canary

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
"""Seconds the local run may take to start on a busy machine."""


@dataclass(frozen=True)
class LocalRun:
    """What `signalbox dev` printed, and where its output goes."""

    websocket_url: str
    page_url: str
    endpoint: str
    log: Path


@pytest.fixture(scope="session")
def local_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """`signalbox dev` on a free port, stopped with Ctrl-C."""
    log = tmp_path_factory.mktemp("local-run") / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "signalbox", "dev", "--port", "0"],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _read(log, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)
    assert canary.CANARY not in log.read_text(errors="replace")


def _read(log: Path, process: "subprocess.Popen[bytes]") -> LocalRun:
    end = time.monotonic() + PATIENCE
    while "Ctrl-C stops" not in (text := log.read_text()):
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"the local run did not start:\n{text}")
        time.sleep(0.05)
    printed = dict(re.findall(r"^  (page|WebSocket|@connections) +(\S+)$", text, re.MULTILINE))
    return LocalRun(printed["WebSocket"], printed["page"], printed["@connections"], log)


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
