"""Engine, table, gateway and page, started in order and stopped together."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from connection_store import ConnectionManager, StoreError
from local_gateway import Config, GatewayError, LocalGateway

from .command import Options
from .engine import REGION, Engine, EngineError
from .environments import ROOT

HANDLER = "handlers.websocket.handler"
TABLE = "signalbox-local"


def run(options: Options, started: float) -> int:
    """Run until Ctrl-C, return the exit status; `started` is when the command began, in monotonic seconds."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s.%(msecs)03d %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("local_gateway").setLevel(logging.INFO)
    try:
        with asyncio.Runner(loop_factory=None if options.in_process else _fast_loop()) as runner:
            runner.run(_serve_until_interrupted(options, started))
    except (EngineError, GatewayError, StoreError, SelfCheckError) as error:
        print(f"python -m dev: {error}", file=sys.stderr)
        return 1
    return 0


class SelfCheckError(Exception):
    """The local run started, but nobody can connect."""


@asynccontextmanager
async def local_run(
    options: Options, *, handler: str = HANDLER, log: Path | None = None
) -> AsyncIterator[LocalGateway]:
    """Signalbox on this machine for as long as the context lasts; `log` receives the engine's output.

    By default that is a file of its own for each public port, under build/.

    Raises EngineError, StoreError, GatewayError.
    """
    log = log or ROOT / "build" / f"engine-{options.port}.log"
    with Engine(log) as engine, _no_other_aws(engine):
        ended = asyncio.get_running_loop().run_in_executor(None, engine.wait)
        ended.add_done_callback(partial(_say_so, log))
        await ConnectionManager(TABLE).init_table()
        async with LocalGateway(handler, _config(options, engine)) as gateway:
            yield gateway


async def _serve_until_interrupted(options: Options, started: float) -> None:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupted.set)
    async with local_run(options) as gateway:
        await _check(gateway)
        print(_welcome(gateway, time.monotonic() - started), flush=True)
        await interrupted.wait()
        print("stopping ...", flush=True)


@contextmanager
def _no_other_aws(engine: Engine) -> Iterator[None]:
    """Inside, the engine is all of AWS that this process knows, and no proxy stands before it."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(engine.environment, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _say_so(log: Path, ended: asyncio.Future[int]) -> None:
    status = ended.result()
    if status:  # else it was told to
        print(f"the embedded engine ended (status {status}), see {log}: handlers are without their table")


async def _check(gateway: LocalGateway) -> None:
    try:
        async with connect(f"{gateway.websocket_url}?name=self-check", proxy=None):
            return
    except (OSError, InvalidHandshake) as error:
        raise SelfCheckError(
            f"the first connection was refused: {error}; the handlers' output is above"
        ) from error


def _config(options: Options, engine: Engine) -> Config:
    return replace(
        Config(
            port=options.port,
            stage=options.stage,
            region=REGION,
            in_process=options.in_process,
            task_root=ROOT,
            page=ROOT / "client" / "page",
            environment={**engine.environment, **_application_environment()},
        ),
        **{name: value for name in ("sandboxes", "sandbox") if (value := getattr(options, name)) is not None},
    )


def _application_environment() -> dict[str, str]:
    return {
        "TABLE_NAME": TABLE,
        "ALLOW_GUESTS": "true",
        "DEBUG": "true" if os.environ.get("DEBUG") == "true" else "false",
        # The gateway logs every event already; whoever wants all of the application's lines asks for them.
        "POWERTOOLS_LOG_LEVEL": os.environ.get("POWERTOOLS_LOG_LEVEL", "WARNING"),
        "POWERTOOLS_METRICS_DISABLED": os.environ.get("POWERTOOLS_METRICS_DISABLED", "true"),
    }


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


def _welcome(gateway: LocalGateway, ready: float) -> str:
    return f"""
  page           {gateway.page_url}
  WebSocket      {gateway.websocket_url}
  @connections   {gateway.endpoint}
  command line   .venv/bin/python -m client "{gateway.websocket_url}?name=Ann"
  wscat          npx wscat -c "{gateway.websocket_url}?name=Bob"

  First connection accepted after {ready:.2f} s. Ctrl-C stops everything.
"""
