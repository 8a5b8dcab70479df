import asyncio
import sys

import pytest

from signalbox.aws.loop import new_event_loop


@pytest.mark.parametrize(("installed", "module"), [(True, "uvloop"), (False, "asyncio.unix_events")])
def test_loop_is_uvloops_when_that_is_installed(
    monkeypatch: pytest.MonkeyPatch, installed: bool, module: str
) -> None:
    if not installed:
        monkeypatch.setitem(sys.modules, "uvloop", None)

    loop = new_event_loop()

    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert type(loop).__module__ == module
