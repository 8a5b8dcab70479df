"""The command line, and the limits of this machine."""

import argparse
import os
import resource
from collections.abc import Callable
from pathlib import Path

from .deliveries import MIN_PAYLOAD
from .errors import UsageError
from .plan import Plan

MAX_PAYLOAD = 32_000
"""Bytes of `data`. A whole message to API Gateway has at most 32,768 (W77)."""

_SPARE_FILES = 64

_EXIT_CODES = """\
exit codes:
  0    every connection was opened, stayed open and received every broadcast
  1    something was lost, refused, closed or answered with an error
  2    wrong usage
  3    no connection could be opened
  130  stopped with Ctrl-C (143: terminated); the report covers the time until then"""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="signalbox load",
        description="Open many connections, broadcast, and check each delivery.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--url", required=True, help="address of the backend, ws://host:port/stage or wss://…")
    add("--connections", type=_whole(1), default=100, metavar="N", help="number of connections (100)")
    add("--broadcasts", type=_whole(0), default=10, metavar="M", help="number of broadcasts in all (10)")
    add("--payload", type=_whole(MIN_PAYLOAD, MAX_PAYLOAD), default=128, metavar="BYTES",
        help=f"size of the data of a broadcast, {MIN_PAYLOAD} to {MAX_PAYLOAD} (128)")  # fmt: skip
    add("--rate", type=_positive, default=500.0, metavar="N", help="handshakes to begin per second (500)")
    add("--broadcasters", type=_whole(1), default=1, metavar="N",
        help="number of connections that broadcast in turn (1)")  # fmt: skip
    add(
        "--interval",
        type=_positive,
        default=0.5,
        metavar="SECONDS",
        help="time from one broadcast to the next (0.5)",
    )
    add("--ramp", type=_whole(1, 1000), default=1, metavar="STEPS",
        help="open the connections in STEPS steps and measure after each (1)")  # fmt: skip
    add("--storm", type=_whole(0, 1000), default=0, metavar="N",
        help="cut every connection N times, reconnect at once and measure (0)")  # fmt: skip
    add("--slow", type=_whole(0), default=0, metavar="N",
        help="N more connections that read once a second, reported apart (0)")  # fmt: skip
    add(
        "--timeout",
        type=_positive,
        default=30.0,
        metavar="SECONDS",
        help="a delivery after this time counts as lost (30)",
    )
    add("--ca", metavar="FILE", help="certificates to trust instead of the system's, for wss://")
    add("--json", type=Path, metavar="FILE", help="write the figures to a JSON file as well")
    add(
        "--report",
        type=Path,
        metavar="FILE.html",
        help="write the figures with charts to an HTML file as well",
    )
    return parser


def make_plan(options: argparse.Namespace) -> Plan:
    """Return the plan of the run. Raises UsageError when options contradict each other."""
    if options.broadcasters > options.connections:
        raise UsageError("--broadcasters cannot be more than --connections")
    if options.ramp > options.connections:
        raise UsageError("--ramp cannot have more steps than there are --connections")
    return Plan(**{name: getattr(options, name) for name in Plan.__dataclass_fields__})


def check_outputs(options: argparse.Namespace) -> None:
    """Raise UsageError before the run if a file cannot be written or a package is missing."""
    for name in ("json", "report"):
        path = getattr(options, name)
        if path and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
            raise UsageError(f"--{name} {path}: cannot be written")
    if options.report:
        try:
            import matplotlib  # noqa: F401 - only --report needs it, and it takes its time
        except ModuleNotFoundError as error:
            raise UsageError(
                f"signalbox load --report needs the package {error.name}: pip install 'signalbox[load]'"
            ) from error


def allow_files(connections: int) -> None:
    """Raise the soft limit of open files to what `connections` need. Raises UsageError."""
    needed = connections + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise UsageError(
            f"{connections:,} connections need {needed:,} open files, and this process may have {hard:,}: "
            "raise the hard limit (ulimit -Hn) or ask for fewer"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _whole(least: int, most: int = 10_000_000) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least:,} to {most:,}")
        return int(text)

    return parse


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.001 <= number <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0.001 to 1,000,000")
    return number
