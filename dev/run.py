"""Engine, table, gateway and page, started in order and stopped together."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.client import connect

from connection_store import ConnectionManager, StoreError
from local_gateway import Config, GatewayError, LocalGateway

from .command import Options
from .engine import REGION, Engine, EngineError
from .environments import ROOT

HANDLER = "handlers.websocket.handler"
TABLE = "signalbox-local"
LOG = ROOT / "build" / "engine.log"


def run(options: Options, started: float) -> int:
    """Run until Ctrl-C; `started` is when the user's command began, in monotonic seconds. Returns the exit status."""
    try:
        asyncio.run(_serve_until_interrupted(options, started))
    except (EngineError, GatewayError, StoreError) as error:
        print(f"python -m dev: {error}", file=sys.stderr)
        return 1
    return 0


@asynccontextmanager
async def local_run(options: Options, *, handler: str = HANDLER, log: Path = LOG) -> AsyncIterator[LocalGateway]:
    """Signalbox on this machine for as long as the context lasts; `log` receives the engine's output.

    Raises EngineError, StoreError, GatewayError.
    """
    with Engine(log) as engine:
        os.environ.update(engine.environment)
        await ConnectionManager(TABLE).init_table()
        async with LocalGateway(handler, _config(options, engine)) as gateway:
            yield gateway


async def _serve_until_interrupted(options: Options, started: float) -> None:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    async with local_run(options) as gateway:
        async with connect(f"{gateway.websocket_url}?name=self-check"):
            ready = time.monotonic() - started
        print(_welcome(gateway, ready), flush=True)
        await interrupted.wait()
        print("stopping …", flush=True)


def _config(options: Options, engine: Engine) -> Config:
    return Config(
        port=options.port,
        stage=options.stage,
        region=REGION,
        page=ROOT / "client" / "page",
        environment={**engine.environment, "TABLE_NAME": TABLE, "ALLOW_GUESTS": "true", "DEBUG": "true"},
    )


def _welcome(gateway: LocalGateway, ready: float) -> str:
    return f"""
  page           {gateway.page_url}
  WebSocket      {gateway.websocket_url}
  @connections   {gateway.endpoint}
  command line   .venv/bin/python -m client "{gateway.websocket_url}?name=Ann"
  wscat          npx wscat -c "{gateway.websocket_url}?name=Bob"

  First connection accepted after {ready:.2f} s. Ctrl-C stops everything.
"""
