"""`python -m local_gateway --handler module.function`: a function behind a WebSocket API, on this machine."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from .config import RESERVED_ROUTES, Config, Credentials, default_sandbox
from .errors import GatewayError
from .local import LocalGateway

_DESCRIPTION = "Put one function behind a WebSocket API on this machine, as Amazon API Gateway would."


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM. Returns the exit status; argparse itself exits with 2 on a bad option."""
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s.%(msecs)03d %(message)s", datefmt="%H:%M:%S")
    logging.getLogger(__package__).setLevel(logging.INFO)
    try:
        gateway = LocalGateway(options.handler, _config(options))
        with asyncio.Runner(loop_factory=_loop_factory(options.in_process)) as runner:
            runner.run(_serve(gateway))
    except GatewayError as error:
        print(f"local_gateway: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(gateway: LocalGateway) -> None:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with gateway:
        print(f"WebSocket     {gateway.websocket_url}")
        print(f"@connections  {gateway.endpoint}")
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
        page=options.page,
        environment=dict(options.env),
    )


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_gateway", description=_DESCRIPTION)
    add = parser.add_argument
    several = partial(add, action="append", default=[])
    add("--handler", required=True, metavar="MODULE.FUNCTION", help="what every route invokes")
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
    add("--sandboxes", type=int, default=os.cpu_count() or 1, help="how many run at once (%(default)s)")
    add("--sandbox", choices=("runtime", "socket"), default=default_sandbox(), help="(%(default)s)")
    add("--in-process", action="store_true", help="run the function in the gateway, for a debugger")
    add("--page", type=Path, metavar="DIR", help="folder to serve at /")
    several("--env", type=_assignment, metavar="NAME=VALUE", help="for the function")
    return parser.parse_args(arguments)


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


if __name__ == "__main__":
    sys.exit(main())
