"""The whole local run for tests: engine, table, gateway, and the handlers in their sandboxes.

pytest finds the fixture `local_run` by itself. A test that asks for it gets a backend to connect to:

    def test_somebody_can_connect(local_run):
        with websockets.sync.client.connect(local_run.websocket_url + "?name=Ann"):
            pass

PYTEST_DONT_REWRITE: this module has no assertions.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
"""Seconds the local run may take to start, and to stop, on a busy machine."""


class LocalRunError(Exception):
    """The local run did not start; the text is its output."""


@dataclass(frozen=True, slots=True)
class LocalRun:
    """Where a local run listens, and the file with its output."""

    websocket_url: str
    page_url: str
    endpoint: str
    log: Path


@contextmanager
def start_local_run(root: Path, log: Path, *options: str) -> Iterator[LocalRun]:
    """Run `signalbox dev` for the application in `root` while the context lasts, on a free port.

    `log` receives its output; `options` are more options of the command. Raises LocalRunError.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "signalbox", "dev", "--port", "0", *options],
            cwd=root,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _read(log, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)


def _read(log: Path, process: "subprocess.Popen[bytes]") -> LocalRun:
    end = time.monotonic() + PATIENCE
    while "Ctrl-C stops" not in (text := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > end:
            raise LocalRunError(f"the local run did not start:\n{text}")
        time.sleep(0.05)
    printed = dict(re.findall(r"^  (page|WebSocket|@connections) +(\S+)$", text, re.MULTILINE))
    return LocalRun(printed["WebSocket"], printed["page"], printed["@connections"], log)
