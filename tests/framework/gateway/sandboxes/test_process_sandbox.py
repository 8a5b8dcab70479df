"""The life all process sandboxes share, with a process that says nothing.

Covers signalbox.gateway.sandboxes.child.
"""

from pathlib import Path

import pytest

from signalbox.gateway.sandboxes.child import ChildProcess
from signalbox.gateway.sandboxes.process_sandbox import ProcessSandbox
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Function


class Silent(ProcessSandbox):
    """Its process ends at the first event; what it still had to say comes when it is heard out."""

    def __init__(self, last_words: Answer | None) -> None:
        super().__init__("sandbox-1", Function("m.f", Path.cwd()), lambda _, __: None)
        self._last_words = last_words

    async def _launch(self) -> ChildProcess:
        self._load(None)
        return await self._spawn("http.server", "0")

    def _deliver(self, event: bytes, headers: dict[str, str]) -> None:
        assert self._child is not None
        self._child.kill()

    async def _drain(self) -> None:
        if self._last_words:
            self._settle(self._last_words)

    async def _disconnect(self) -> None:
        pass


@pytest.mark.parametrize("last_words", [Answer(b"1"), None])
async def test_result_is_preferred_when_the_process_ends_with_it(last_words: Answer | None) -> None:
    sandbox = Silent(last_words)
    assert await sandbox.start() is None

    result = await sandbox.invoke(b"{}", "1", 5.0)

    assert result == (last_words or Failure("crashed", "Runtime.ExitError"))
    assert not sandbox.alive
    assert await sandbox.invoke(b"{}", "2", 5.0) == Failure("crashed", "Runtime.ExitError")
    await sandbox.stop()
    await sandbox.stop()
