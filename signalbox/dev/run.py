"""Engine, table, gateway and page, started in order and stopped together."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from connection_store import ConnectionManager, StoreBusyError, StoreError, Table
from signalbox.gateway import Config, GatewayError, LocalGateway, PortTakenError
from signalbox.gateway.log import log_to
from signalbox.gateway.sandboxes.sandbox import Function

from .arguments import Options
from .backend import variables_file
from .engine import REGION, Engine, EngineError
from .mapping import EventSourceMapping
from .pages import BROWSER_CLIENT, MOUNT, PAGE
from .project import Project, find_project
from .queues import WORKER_TIMEOUT, create_queue, queue_api
from .schedule import schedule

if TYPE_CHECKING:
    from .identity import Identity

WORKERS = 2
"""How many run at once: the event source's maximum concurrency."""

LIMITS = {
    "MESSAGE_RATE": "1000",
    "MESSAGE_BURST": "1000000",
    "SEND_RATE": "1000",
    "SEND_BURST": "1000000",
    "CONNECTION_LIMIT": "10",
}
"""As good as none, for load tests; the environment may set others."""

SWEEP_EVERY, SWEEP_TIMEOUT = 60, 50
"""Seconds."""

TABLE = "signalbox-local"
START_PATIENCE = 30.0
"""Seconds one call may take that makes the table: a busy machine is no reason to give up, as an event is."""


def run(options: Options, project: Project, started: float) -> int:
    """Run until Ctrl-C, return the exit status; `started` is when the command began, in monotonic seconds."""
    log_to(sys.stderr, log_format=options.log_format, debug=options.debug)
    try:
        loop_factory = None if options.in_process else _fast_loop()
        # The engine starts before the loop does, so that Ctrl-C ends that, too.
        with (
            asyncio.Runner(loop_factory=loop_factory) as runner,
            Engine(_engine_log(options, project)) as engine,
        ):
            runner.run(_serve_until_interrupted(options, project, engine, started))
    except PortTakenError as error:
        return _fail(f"{error}. Stop the program that uses it, or name another port with --port")
    except (EngineError, GatewayError, StoreError, StartError) as error:
        return _fail(str(error))
    return 0


def _fail(reason: str) -> int:
    print(f"signalbox dev: {reason}", file=sys.stderr)
    return 1


class StartError(Exception):
    """The local run did not start; the text says why, in one line."""


@asynccontextmanager
async def local_run(
    options: Options,
    *,
    project: Project | None = None,
    handler: str | None = None,
    identity: "Identity | None" = None,
    log: Path | None = None,
) -> AsyncIterator[LocalGateway]:
    """Signalbox on this machine for as long as the context lasts; `log` receives the engine's output.

    By default that is a file of its own for each public port, in the application's build/. The application is
    that of the working directory unless `project` is another; `handler` takes the place of its WebSocket
    function. With an `identity` the authorizer is asked who may connect.

    Raises SetupError, EngineError, StartError, StoreError, GatewayError.
    """
    project = project or find_project(Path.cwd())
    if handler:
        project = replace(project, websocket=handler)
    with Engine(log or _engine_log(options, project)) as engine:
        async with _running(options, project, engine, identity) as gateway:
            yield gateway


def _engine_log(options: Options, project: Project) -> Path:
    return project.build / f"engine-{options.port}.log"


@asynccontextmanager
async def _running(
    options: Options, project: Project, engine: Engine, identity: "Identity | None"
) -> AsyncIterator[LocalGateway]:
    with _no_other_aws(engine):
        ended = asyncio.get_running_loop().run_in_executor(None, engine.wait)
        ended.add_done_callback(partial(_say_so, engine.log))
        sqs = queue_api()
        _, queue_url = await asyncio.gather(_make_table(), create_queue(sqs))
        config = _config(options, project, engine, identity, queue_url)
        async with LocalGateway(project.websocket, config) as gateway:
            worker = Function(project.worker, project.root, name="worker", timeout=WORKER_TIMEOUT)
            sweeper = Function(project.sweeper, project.root, name="sweeper", timeout=SWEEP_TIMEOUT)
            async with (
                EventSourceMapping(sqs, queue_url, gateway.host(worker), concurrency=WORKERS),
                schedule(gateway.host(sweeper), SWEEP_EVERY),
            ):
                with variables_file(project.build, config.environment, gateway.endpoint):
                    yield gateway


async def _make_table() -> None:
    try:
        await ConnectionManager(table=Table(TABLE, budget=START_PATIENCE)).init_table()
    except StoreBusyError as error:
        raise StartError(
            f"the table could not be made within {START_PATIENCE:g} s: this machine is very busy, or the "
            f"embedded engine hangs ({error}). Try again when less is running"
        ) from error


async def _serve_until_interrupted(
    options: Options, project: Project, engine: Engine, started: float
) -> None:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupted.set)
    identity = _identity(options)
    async with _explained_when_closed(_running(options, project, engine, identity)) as gateway:
        await _check(gateway, identity)
        invitation = identity.invite(gateway.websocket_url) if identity else ""
        print(_welcome(gateway, time.monotonic() - started, _command(project)) + invitation, flush=True)
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


async def _check(gateway: LocalGateway, identity: "Identity | None") -> None:
    url = f"{gateway.websocket_url}?name=self-check"
    if identity:
        url += f"&ticket={identity.ticket('self-check')}"
    try:
        async with connect(url, proxy=None):
            return
    except (OSError, InvalidHandshake) as error:
        raise StartError(
            f"the first connection was refused: {error}; the handlers' output is above"
        ) from error


@asynccontextmanager
async def _explained_when_closed(
    running: AbstractAsyncContextManager[LocalGateway],
) -> AsyncIterator[LocalGateway]:
    """Replace a StartError by the error of the function that cannot be loaded, if there is one.

    The gateway knows of it only after it has closed: by then the sandbox's output is complete.
    """
    gateway: LocalGateway | None = None
    try:
        async with running as gateway:
            yield gateway
    except StartError as error:
        if loading := getattr(gateway, "init_error", None):
            raise StartError(f"the application cannot be loaded: {loading}") from error
        raise


def _identity(options: Options) -> "Identity | None":
    if not options.authorizer and "JWT_ISSUER" not in os.environ:
        return None
    from .identity import Identity  # it loads pydantic, which the start is not to wait for

    return Identity(os.environ)


def _config(
    options: Options, project: Project, engine: Engine, identity: "Identity | None", queue_url: str
) -> Config:
    variables = identity.variables if identity else {}
    return replace(
        Config(
            port=options.port,
            stage=options.stage,
            region=REGION,
            in_process=options.in_process,
            reload=options.reload,
            task_root=project.root,
            page=PAGE,
            page_mounts={MOUNT: BROWSER_CLIENT},
            authorizer=project.authorizer if identity else None,
            environment={
                **{name: os.environ.get(name, value) for name, value in project.environment.items()},
                **engine.environment,
                **variables,
                **_application_environment(queue_url),
            },
        ),
        **{name: value for name in ("sandboxes", "sandbox") if (value := getattr(options, name)) is not None},
    )


def _application_environment(queue_url: str) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": TABLE,
        "TABLE_NAME": TABLE,
        "FANOUT_QUEUE_URL": queue_url,
        "FANOUT_CONCURRENCY": str(WORKERS),
        "ALLOW_GUESTS": os.environ.get("ALLOW_GUESTS", "true"),
        "DEMO": os.environ.get("DEMO", "true"),
        **{name: os.environ.get(name, limit) for name, limit in LIMITS.items()},
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


def _command(project: Project) -> str:
    return ".venv/bin/signalbox" if (project.root / ".venv/bin/signalbox").exists() else "signalbox"


def _welcome(gateway: LocalGateway, ready: float, command: str) -> str:
    return f"""
  page           {gateway.page_url}
  WebSocket      {gateway.websocket_url}
  @connections   {gateway.endpoint}
  command line   {command} client "{gateway.websocket_url}?name=Ann"
  wscat          npx wscat -c "{gateway.websocket_url}?name=Bob"

  First connection accepted after {ready:.2f} s. Ctrl-C stops everything.
"""
