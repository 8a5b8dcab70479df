"""The command `signalbox gateway`: one function, or the functions of a template, behind WebSocket APIs."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .config import RESERVED_ROUTES, Config, Credentials, default_sandbox, default_sandboxes
from .errors import GatewayError, MissingPackageError
from .log import log_to

if TYPE_CHECKING:
    from .faults.plan import FaultPlan
    from .local import SandboxGateway

_DESCRIPTION = "Run functions behind WebSocket APIs on this machine, as Amazon API Gateway does."
_SET_BY_TEMPLATE = (
    "stage",
    "stage_variable",
    "route",
    "route_response",
    "route_selection",
    "authorizer",
    "identity_source",
)


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C or SIGTERM. Return the exit status. A bad option exits with status 2."""
    options = parse(arguments)
    try:
        gateway = build(options)
        log_to(sys.stderr, log_format=options.log_format, debug=options.debug)
        with asyncio.Runner(loop_factory=_loop_factory(options.in_process)) as runner:
            runner.run(_serve(gateway))
    except MissingPackageError as error:
        print(error, file=sys.stderr)
        return 1
    except GatewayError as error:
        print(f"signalbox gateway: {error}", file=sys.stderr)
        return 1
    return 0


def build(options: argparse.Namespace) -> "SandboxGateway":
    """Create the gateway of parsed options, not started yet. Raises GatewayError."""
    try:
        from .local import LocalGateway
    except ModuleNotFoundError as error:
        raise MissingPackageError.of(error) from error
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


async def _serve(gateway: "SandboxGateway") -> None:
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
    """Return uvloop's loop where uvloop is installed. A debugger gets asyncio's, which it can step into."""
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


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line. Exits with status 2 for a bad option."""
    parser = argparse.ArgumentParser(prog="signalbox gateway", description=_DESCRIPTION)
    add = parser.add_argument
    several = partial(add, action="append", default=[])
    target = parser.add_mutually_exclusive_group(required=True).add_argument
    target("--handler", metavar="MODULE.FUNCTION", help="the function that every route invokes")
    target("--template", type=Path, metavar="FILE", help="CloudFormation template, JSON or YAML")
    several("--parameter", type=_assignment, metavar="NAME=VALUE", help="parameter of the template")
    add("--host", default="127.0.0.1", help="loopback address to listen on (%(default)s)")
    add("--port", type=int, default=3001, help="port to listen on, 0 for a free one (%(default)s)")
    add("--stage", default="local", help="stage name in every URL (%(default)s)")
    several("--stage-variable", type=_assignment, metavar="NAME=VALUE", help="stage variable in every event")
    several("--route", metavar="KEY", help="route key besides $connect, $disconnect and $default")
    several("--route-response", metavar="KEY", help="route whose answers are sent to the client")
    add("--route-selection", default="$request.body.action", metavar="EXPR", help="(%(default)s)")
    add("--authorizer", metavar="MODULE.FUNCTION", help="Lambda authorizer of $connect")
    several("--identity-source", metavar="SOURCE", help="identity source of the authorizer")
    add("--credentials", type=_credentials, metavar="KEY_ID:SECRET", help="verify @connections signatures")
    add("--sandboxes", type=int, default=default_sandboxes(), help="sandboxes per function (%(default)s)")
    add("--sandbox", choices=("runtime", "socket"), default=default_sandbox(), help="(%(default)s)")
    add("--in-process", action="store_true", help="run the function in this process, for a debugger")
    add("--page", type=Path, metavar="DIR", help="folder of static files to serve at /")
    add("--reload", action="store_true", help="restart sandboxes when Python files change")
    add("--faults", type=Path, metavar="FILE", help="fault plan in JSON")
    several("--env", type=_assignment, metavar="NAME=VALUE", help="environment variable of the functions")
    add("--log-format", choices=("text", "json"), default="text", help="of the request log (%(default)s)")
    add("--debug", action="store_true", help="log every event, with secrets masked")
    options = parser.parse_args(arguments)
    unused = ("parameter",) if options.template is None else _SET_BY_TEMPLATE
    for name in unused:
        if getattr(options, name) != parser.get_default(name):
            option, target_kind = f"--{name.replace('_', '-')}", "handler" if options.handler else "template"
            parser.error(f"{option} cannot be used with --{target_kind}")
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
