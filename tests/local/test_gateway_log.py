"""The request log: a line for each event and each refusal, as in a golden file, and nothing a client wrote.

Written anew with: GOLDEN=1 python -m pytest tests/local/test_gateway_log.py
"""

import asyncio
import io
import logging
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from signalbox.gateway import Config, Limits, LocalGateway, Throttle
from signalbox.gateway.config import RESERVED_ROUTES
from signalbox.gateway.log import TextFormatter
from signalbox.gateway.sandboxes.sandbox import Failure
from tests.conformance.scripted import PATIENCE, ScriptedFunction, ask, exchange, handshake, running
from tests.conftest import ROOT

GOLDEN = Path(__file__).parent / "golden" / "request_log.txt"
ID = r"[A-Za-z0-9_-]{15}="
FUNCTION = """
import threading

def handler(event, context):
    context = event["requestContext"]
    if event.get("queryStringParameters") == {"token": "SECRET"}:
        return {"statusCode": 403}
    if event.get("body") == "raise":
        raise KeyError("SECRET")
    if event.get("body") == "exit":
        raise SystemExit(3)
    if event.get("body") == "loop":
        threading.Event().wait()
    return {"statusCode": 200, "body": event.get("body")}
"""
GUARD = """
def handler(event, context):
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return {"principalId": "ann", "policyDocument": {"Statement": [allow]}}
"""
HANGING = "import time; time.sleep(60)"


class Log(io.StringIO):
    """The log as text."""

    def __init__(self) -> None:
        super().__init__()
        self._grown = asyncio.Event()

    def write(self, text: str) -> int:
        self._grown.set()
        return super().write(text)

    async def until(self, text: str) -> None:
        """Wait until it says so."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.getvalue():
                self._grown.clear()
                await self._grown.wait()


@pytest.fixture
def log() -> Iterator[Log]:
    """What is logged so far."""
    stream, logger = Log(), logging.getLogger("signalbox.gateway")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter(colour=False))
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield stream
    logger.setLevel(level)
    logger.removeHandler(handler)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[LocalGateway]:
    """One function, one authorizer, one sandbox of each."""
    for name, text in (("function", FUNCTION), ("guard", GUARD)):
        (tmp_path / f"{name}.py").write_text(text)
    config = Config(
        port=0,
        routes=RESERVED_ROUTES | {"throttled"},
        route_throttles={"throttled": Throttle(rate=0, burst=0)},
        authorizer="guard.handler",
        identity_sources=("route.request.querystring.token",),
        sandboxes=1,
        sandbox="socket",
        task_root=tmp_path,
        limits=Limits(function_timeout=2.0),
    )
    async with LocalGateway("function.handler", config) as gateway:
        yield gateway


async def refused(gateway: LocalGateway, path: str) -> None:
    """A handshake that is not accepted."""
    with pytest.raises(InvalidStatus):
        await connect(gateway.websocket_url + path)


async def talk(gateway: LocalGateway, log: Log) -> None:
    """Something of everything."""
    async with connect(f"{gateway.websocket_url}?token=good") as client:
        for message in ("SECRET", "raise", "exit", "loop", '{"action":"throttled","x":"SECRET"}'):
            await ask(client, message)
    await log.until("$disconnect")
    for path in ("?token=SECRET", "", "/SECRET?token=SECRET"):
        await refused(gateway, path)
    await exchange(gateway, handshake(Sec_WebSocket_Version="12"))
    await exchange(gateway, b"\x16\x03\x01SECRET")
    for request in (
        "GET /local/SECRET",
        "PUT /local/SECRET",
        "POST /SECRET",
        "POST /local/@connections/SECRET",
        "POST /local/@connections/AAAAAAAAAAAAAAA=",
    ):
        await exchange(gateway, f"{request} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())


async def test_log_is_that_of_the_golden_file(gateway: LocalGateway, log: Log) -> None:
    await talk(gateway, log)
    lines = normal(log.getvalue())
    if "GOLDEN" in os.environ:
        GOLDEN.write_text(lines)
    assert lines == GOLDEN.read_text()


def normal(log: str) -> str:
    """The log without times, a connection's id being the number of its first line."""
    ids: dict[str, str] = {}
    text = re.sub(r"^\d\d:\d\d:\d\d\.\d{3}", "00:00:00.000", log, flags=re.MULTILINE)
    text = re.sub(r"[ \d]{5}\d\.\d ms", "   0.0 ms", text)
    return re.sub(ID, lambda found: ids.setdefault(found[0], f"{len(ids) + 1:015}="), text)


def test_page_shows_lines_of_the_golden_file() -> None:
    page = (ROOT / "docs" / "gateway.md").read_text()
    shown = normal("\n".join(re.findall(r"^\d\d:\d\d:.*", page, re.MULTILINE))).splitlines()
    golden = GOLDEN.read_text().splitlines()
    assert len(shown) == 6
    assert [line for line in shown if line not in golden] == []


async def test_line_says_what_happened_when_a_function_never_loads(tmp_path: Path, log: Log) -> None:
    (tmp_path / "hanging.py").write_text(HANGING)
    config = Config(port=0, sandbox="socket", task_root=tmp_path, limits=Limits(init_timeout=0.2))
    async with LocalGateway("hanging.handler", config) as gateway:
        await refused(gateway, "")
    assert "sandbox-1" in log.getvalue()
    assert log.getvalue().endswith("502 init Sandbox.Timedout: took longer than 0.2 s to load\n")


async def test_log_names_events_without_contents(log: Log) -> None:
    function = ScriptedFunction({"$default": Failure("error", "KeyError\r\nforged")})
    async with running(function) as gateway, connect(f"{gateway.websocket_url}?token=SECRET") as client:
        await ask(client, "SECRET")
    lines = log.getvalue().splitlines()
    assert re.fullmatch(rf"\S+ {ID} \$connect +- +\d+\.\d ms  200 ok", lines[0])
    assert re.fullmatch(rf"\S+ {ID} \$default +- +\d+\.\d ms  502 error KeyErrorforged", lines[1])
    assert "SECRET" not in log.getvalue()
