"""The gateway reports in one line why a function cannot be loaded, after the output of its sandbox."""

import asyncio
import io
import logging
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from signalbox.gateway import Config, Limits, LocalGateway
from signalbox.gateway.config import SandboxKind

PATIENCE = 30.0
BROKEN = """
print("loading")

class RegistrationError(Exception):
    one_line = True

raise RegistrationError("routes.py: open_ticket asks for `db`,\\nwhich nothing provides")
"""
MESSAGE = "routes.py: open_ticket asks for `db`, which nothing provides"
WORKS = "def handler(event, context): return {'statusCode': 200}"


class Terminal(io.StringIO):
    """A standard error that wakes up those who wait for a line."""

    def __init__(self) -> None:
        super().__init__()
        self._written = asyncio.Event()

    def write(self, text: str) -> int:
        self._written.set()
        return super().write(text)

    async def ends_with(self, text: str) -> None:
        """Wait until the last line ends with a text."""
        while not self.getvalue().rstrip().endswith(text):
            self._written.clear()
            await self._written.wait()


@pytest.fixture
async def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A standard error, to which the gateway's log writes."""
    terminal = Terminal()
    monkeypatch.setattr(logging.getLogger("signalbox.gateway"), "handlers", [logging.StreamHandler(terminal)])
    return terminal


async def refuse(url: str) -> None:
    """Connect to a gateway whose function cannot be loaded."""
    with pytest.raises(InvalidStatus) as refusal:
        await connect(url)
    assert refusal.value.response.status_code == 502


@pytest.mark.parametrize("sandbox", ["runtime", "socket"])
async def test_reason_is_one_line_at_the_end_until_the_function_loads(
    tmp_path: Path, terminal: Terminal, sandbox: SandboxKind
) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    config = Config(port=0, sandboxes=1, sandbox=sandbox, task_root=tmp_path)
    with redirect_stderr(terminal):
        async with asyncio.timeout(PATIENCE), LocalGateway("broken.handler", config) as gateway:
            assert gateway.init_error is None
            await refuse(gateway.websocket_url)
            await terminal.ends_with(f"broken.handler cannot be loaded: {MESSAGE}")
            assert "loading" in terminal.getvalue()
            assert gateway.init_error == MESSAGE

            (tmp_path / "broken.py").write_text(WORKS)
            async with connect(gateway.websocket_url):
                assert gateway.init_error is None


async def test_reason_is_the_limit_when_loading_takes_too_long(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import threading; threading.Event().wait()")
    limits = Limits(init_timeout=0.05)
    config = Config(port=0, sandboxes=1, sandbox="socket", task_root=tmp_path, limits=limits)
    async with asyncio.timeout(PATIENCE), LocalGateway("slow.handler", config) as gateway:
        await refuse(gateway.websocket_url)
    assert gateway.init_error == "took longer than 0.05 s to load"
