"""`signalbox gateway`: a function, or the functions of a template, behind WebSocket APIs."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .config import RESERVED_ROUTES, Config, Credentials, default_sandbox, default_sandboxes
from .errors import GatewayError
from .local import LocalGateway, SandboxGateway
from .log import log_to

if TYPE_CHECKING:
    from .faults.plan import FaultPlan

_DESCRIPTION = "Put functions behind WebSocket APIs on this machine, as Amazon API Gateway would."
_SET_BY_TEMPLATE = (
    "stage",
    "stage_variable",
    "route",
    "route_response",
    "route_selection",
    "authorizer",
    "identity_source",
)


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C or SIGTERM. Returns the exit status; argparse itself exits with 2 on a bad option."""
    options = _parse(arguments)
    log_to(sys.stderr, log_format=options.log_format, debug=options.debug)
    try:
        gateway = _gateway(options)
        with asyncio.Runner(loop_factory=_loop_factory(options.in_process)) as runner:
            runner.run(_serve(gateway))
    except GatewayError as error:
        print(f"signalbox gateway: {error}", file=sys.stderr)
        return 1
    return 0


def _gateway(options: argparse.Namespace) -> SandboxGateway:
    faults = _faults(options.faults)
    if options.template is None:
        return LocalGateway(options.handler, _config(options), faults)
    from .template import TemplateGateway

    gateway = TemplateGateway(options.template, _config(options), dict(options.parameter), faults)
    for line in gateway.unsupported:
        print(f"signalbox gateway: {line}", file=sys.stderr)
    return gateway


def _faults(file: Path | None) -> "FaultPlan | None":
    if file is None:
        return None
    from .faults.file import read_plan

    plan = read_plan(file)
    print(f"signalbox gateway: {plan!r}", file=sys.stderr)
    return plan


async def _serve(gateway: SandboxGateway) -> None:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with gateway:
        for address in gateway.stages.values():
            print(f"WebSocket     {address.websocket_url}")
            print(f"@connections  {address.endpoint}")
        print(f"page          {gateway.page_url}", flush=True)
        await interrupted.wait()


def _loop_factory(in_process: bool) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop of uvloop where that is installed; under a debugger, the one that can be read."""
    if not in_process:
        with suppress(ImportError):
            import uvloop

            return uvloop.new_event_loop
    return None


def _config(options: argparse.Namespace) -> Config:
    return Config(
        host=options.host,
        port=options.port,
        stage=options.stage,
        routes=RESERVED_ROUTES | set(options.route),
        two_way=frozenset({"$default", *options.route_response}),
        route_selection=options.route_selection,
        stage_variables=dict(options.stage_variable),
        authorizer=options.authorizer,
        identity_sources=tuple(options.identity_source),
        credentials=options.credentials and Credentials(*options.credentials),
        sandboxes=options.sandboxes,
        sandbox=options.sandbox,
        in_process=options.in_process,
        reload=options.reload,
        page=options.page,
        environment=dict(options.env),
    )


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="signalbox gateway", description=_DESCRIPTION)
    add = parser.add_argument
    several = partial(add, action="append", default=[])
    what = parser.add_mutually_exclusive_group(required=True).add_argument
    what("--handler", metavar="MODULE.FUNCTION", help="what every route invokes")
    what("--template", type=Path, metavar="FILE", help="CloudFormation, JSON or YAML, of WebSocket APIs")
    several("--parameter", type=_assignment, metavar="NAME=VALUE", help="of the template")
    add("--host", default="127.0.0.1", help="loopback address to listen on (%(default)s)")
    add("--port", type=int, default=3001, help="port to listen on, 0 for any free one (%(default)s)")
    add("--stage", default="local", help="stage name in every URL (%(default)s)")
    several("--stage-variable", type=_assignment, metavar="NAME=VALUE", help="in every event")
    several("--route", metavar="KEY", help="a route besides the three of every API")
    several("--route-response", metavar="KEY", help="a route whose answers go back to the client")
    add("--route-selection", default="$request.body.action", metavar="EXPR", help="(%(default)s)")
    add("--authorizer", metavar="MODULE.FUNCTION", help="what decides who reaches $connect")
    several("--identity-source", metavar="SOURCE", help="what a client must bring to be asked about")
    add("--credentials", type=_credentials, metavar="KEY_ID:SECRET", help="who may call @connections")
    add("--sandboxes", type=int, default=default_sandboxes(), help="how many run at once (%(default)s)")
    add("--sandbox", choices=("runtime", "socket"), default=default_sandbox(), help="(%(default)s)")
    add("--in-process", action="store_true", help="run the function in the gateway, for a debugger")
    add("--page", type=Path, metavar="DIR", help="folder to serve at /")
    add("--reload", action="store_true", help="run new code when Python files change")
    add("--faults", type=Path, metavar="FILE", help="a plan of what shall go wrong, in JSON")
    several("--env", type=_assignment, metavar="NAME=VALUE", help="for the functions")
    add("--log-format", choices=("text", "json"), default="text", help="of the request log (%(default)s)")
    add("--debug", action="store_true", help="show every event, secrets masked")
    options = parser.parse_args(arguments)
    idle = ("parameter",) if options.template is None else _SET_BY_TEMPLATE
    for name in idle:
        if getattr(options, name) != parser.get_default(name):
            parser.error(
                f"--{name.replace('_', '-')} is not for {'a handler' if options.handler else 'a template'}"
            )
    return options


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _credentials(text: str) -> tuple[str, str]:
    key_id, colon, secret = text.partition(":")
    if not (key_id and colon and secret):
        raise argparse.ArgumentTypeError("not KEY_ID:SECRET")
    return key_id, secret
