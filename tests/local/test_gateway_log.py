"""The request log: one line per event, and nothing a client wrote."""

import logging
import re

import pytest
from websockets.asyncio.client import connect

from local_gateway.sandbox import Failure
from tests.conformance.scripted import ScriptedFunction, ask, running

ID = r"[A-Za-z0-9_-]{15}="


async def test_log_names_events_without_contents(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "local_gateway")
    function = ScriptedFunction({"$default": Failure("error", "KeyError\r\nforged")})
    async with running(function) as gateway, connect(f"{gateway.websocket_url}?token=SECRET") as client:
        await ask(client, "SECRET")
    logged = [record.getMessage() for record in caplog.records if record.name == "local_gateway"]
    assert re.fullmatch(rf"{ID} \$connect +\d+\.\d ms  200 ok", logged[0])
    assert re.fullmatch(rf"{ID} \$default +\d+\.\d ms  error KeyErrorforged", logged[1])
    assert "SECRET" not in caplog.text
