"""docs/tutorial.md, step by step in an empty folder: commands, files and outputs are those of the page."""

import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.documents import Block, apply_edit, read_blocks
from tests.install.conftest import Built

pytestmark = pytest.mark.xdist_group("installed")

PAGE = (ROOT / "docs" / "tutorial.md").read_text()
PORT = 3001
SERVERS = {"make dev": "Ctrl-C stops", "signalbox dev": "Ctrl-C stops", "client subscribe": " $default "}
"""The commands that run until Ctrl-C, and what the first terminal shows twice or once when they are ready."""

PATIENCE = 120.0
"""Seconds a step may take: the first ones install packages."""


class Terminal:
    """A command as in a terminal of its own, with its output."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self._reader, writer = pty.openpty()
        self.process = subprocess.Popen(
            ["bash", "-ec", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=writer,
            start_new_session=True,
        )
        os.close(writer)
        os.set_blocking(self._reader, False)
        self._output = b""

    @property
    def output(self) -> str:
        """What the command has printed."""
        with suppress(OSError):  # the end of the output, or none yet
            while chunk := os.read(self._reader, 65_536):
                self._output += chunk
        return self._output.decode(errors="replace").replace("\r\n", "\n")

    def has_ended(self) -> bool:
        """Whether the command has ended. This reads its output too: a full terminal would stop it."""
        return self.output is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Press Ctrl-C."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        self.wait_for(self.has_ended)
        os.close(self._reader)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds; fail when the time is up."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"it did not come:\n{self.output}")
            time.sleep(0.05)


class Reader:
    """Somebody who follows the page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        ours = {"PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL"}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        python = Path(sys.base_prefix) / "bin"
        path = f"{python}{os.pathsep}{os.environ['PATH']}"
        self._environment = {
            **kept,
            "PATH": path,
            "NO_COLOR": "1",
            "TERM": "dumb",
            "CWD": str(folder / "cwd"),
        }
        self.terminals: list[Terminal] = []
        self.last: Terminal | None = None

    def follow(self, block: Block) -> None:
        """Do what a block of the page says."""
        if "Press Ctrl-C" in block.prose:
            self.stop()
        match block.language:
            case "sh":
                self._run(block.code)
            case "text":
                self._compare(block.code)
            case _:
                apply_edit(block, self._folder)

    def stop(self) -> None:
        """Press Ctrl-C in every terminal, the newest first."""
        if self.last and not self.last.has_ended():
            self.last.stop()
        while self.terminals:
            self.terminals.pop().stop()

    def _run(self, command: str) -> None:
        awaited = next((text for server, text in SERVERS.items() if server in command), None)
        command = self._at_port(command)
        if awaited:
            self._serve(command, awaited)
            return
        self.last = terminal = Terminal(f'{command}\npwd >"$CWD"', *self._place)
        terminal.wait_for(terminal.has_ended)
        assert terminal.process.returncode == 0, terminal.output
        self._folder = Path(Path(self._environment["CWD"]).read_text().strip())

    def _serve(self, command: str, awaited: str) -> None:
        """Start what runs until Ctrl-C. A subscriber is ready after two messages: hello and subscribe."""
        shown = self.terminals[0].output.count(awaited) if self.terminals else -1
        self.terminals.append(Terminal(command, *self._place))
        first = self.terminals[0]
        first.wait_for(lambda: first.output.count(awaited) >= shown + 2)

    def _at_port(self, command: str) -> str:
        command = command.replace(str(PORT), str(self._port))
        if self._port != PORT:  # somebody else uses the page's port
            command = command.replace("make dev", f'make dev ARGS="--port {self._port}"')
            command = command.replace("dev --authorizer", f"dev --authorizer --port {self._port}")
        return command

    @property
    def _place(self) -> tuple[Path, dict[str, str]]:
        return self._folder, self._environment

    def _compare(self, text: str) -> None:
        expected = comparable(text.replace(str(PORT), str(self._port)))
        seen: set[str] = set()

        def arrived() -> bool:
            for terminal in filter(None, (self.last, *self.terminals)):
                seen.update(comparable(terminal.output))
            return expected <= seen

        (self.last or self.terminals[0]).wait_for(arrived)


def comparable(text: str) -> set[str]:
    """Return the lines of an output, without what differs from one run to the next."""
    text = re.sub(r"\d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r"\d+\.\d+s", "SECONDS", text)
    return {line.strip() for line in text.splitlines()} - {""}


def free_port() -> int:
    """Return the port of the page or, where that is in use, another one."""
    for port in (PORT, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise AssertionError("no free port")


@contextmanager
def following(folder: Path) -> Iterator[Reader]:
    reader = Reader(folder)
    try:
        yield reader
    finally:
        reader.stop()


@pytest.mark.timeout(500)
def test_every_step_does_what_the_tutorial_says(built: Built, tmp_path: Path) -> None:
    shutil.copy(built.wheel, tmp_path)

    with following(tmp_path) as reader:
        for block in read_blocks(PAGE):
            reader.follow(block)


def test_tutorial_has_a_file_an_edit_and_an_output_when_read() -> None:
    assert {block.language for block in read_blocks(PAGE)} == {"sh", "text", "python", "diff"}
