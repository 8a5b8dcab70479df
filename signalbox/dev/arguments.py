"""The command line of the local run."""

import argparse
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command line."""

    setup: bool
    peers: bool
    port: int
    stage: str
    sandboxes: int | None
    sandbox: Literal["runtime", "socket"] | None
    in_process: bool
    reload: bool
    authorizer: bool
    log_format: Literal["text", "json"]
    debug: bool


def parse(arguments: list[str]) -> Options:
    """Read the command line; exits with status 2, the usage and one line when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="signalbox dev", description="Run Signalbox on this machine: engine, table, gateway and page."
    )
    parser.add_argument("--setup", action="store_true", help="only prepare the environments")
    parser.add_argument(
        "--peers", action="store_true", help="prepare also what tests and benchmarks compare with"
    )
    parser.add_argument(
        "--port", type=_port, default=3001, help="the public port; 0 takes a free one (default 3001)"
    )
    parser.add_argument("--stage", default="local", help="the stage name in every URL (default local)")
    parser.add_argument(
        "--sandboxes", type=_positive, help="how many handlers run at once (default: the cores, at least 8)"
    )
    parser.add_argument(
        "--sandbox",
        choices=("runtime", "socket"),
        help="AWS's own runtime client (default where it exists) or our portable worker",
    )
    parser.add_argument(
        "--in-process", action="store_true", help="run handlers in the gateway, for a debugger"
    )
    parser.add_argument("--reload", action="store_true", help="run new code when Python files change")
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="of the request log (default text)"
    )
    parser.add_argument("--debug", action="store_true", help="show every event, secrets masked")
    parser.add_argument(
        "--authorizer", action="store_true", help="ask the authorizer, as always when JWT_ISSUER is set"
    )
    return Options(**vars(parser.parse_args(arguments)))


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of sandboxes, 1 or more")
    return int(text)
