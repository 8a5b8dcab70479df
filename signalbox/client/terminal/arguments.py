"""The command line and its options."""

import argparse
import math
import sys
from collections.abc import Sequence

from ..errors import PositionError
from ..values import CHANNEL, Position

_DESCRIPTION = """\
On a terminal: type a line to send it to everyone; /help lists the commands.
In a pipe: a line that is a JSON object is sent as it is. Any other line is sent to everyone as text.
Every frame received is a line on standard output.

The commands for channels reconnect when the connection breaks:
  signalbox client subscribe URL CHANNEL [--since POSITION]
  signalbox client publish URL CHANNEL [TEXT]
  signalbox client history URL CHANNEL [--since POSITION]
  signalbox client presence URL CHANNEL
`signalbox token --help` explains tokens and tickets for development."""

_EXIT_CODES = """\
exit codes:
  0  success
  1  the connection broke or was closed for a reason, or lines were not sent or not answered
  2  wrong usage
  3  no connection could be opened
  130  Ctrl-C before all was sent and answered (0 for commands that only Ctrl-C ends)"""

_COMMANDS = {
    "subscribe": "Show the publications of a channel, each once and in order, until Ctrl-C.",
    "publish": "Publish a text on a channel or, without one, every line of standard input.",
    "history": "Show the history of a channel.",
    "presence": "Show the users on a channel.",
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line. ``command`` is None for a conversation. Exits if it is wrong."""
    if arguments and arguments[0] in _COMMANDS:
        return _channel_parser(arguments[0]).parse_intermixed_args(arguments[1:])
    return _parser().parse_args(arguments)


def is_conversation() -> bool:
    """Return whether standard input and output are both a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ends_by_hand(options: argparse.Namespace) -> bool:
    """Return whether only Ctrl-C ends the command."""
    if options.command is None:
        return options.listen or is_conversation()
    return bool(options.command == "subscribe")


def _parser() -> argparse.ArgumentParser:
    parser = _make_parser("signalbox client", _DESCRIPTION, None)
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="in a pipe: how long to wait for replies (5)",
    )
    parser.add_argument(
        "--listen", action="store_true", help="in a pipe: go on receiving after the end of the input"
    )
    return parser


def _channel_parser(command: str) -> argparse.ArgumentParser:
    words = f"{_COMMANDS[command]}\nReadable on a terminal; in a pipe, one JSON object a line."
    parser = _make_parser(f"signalbox client {command}", words, command)
    parser.add_argument(
        "channel", type=_channel, metavar="CHANNEL", help="name of the channel, for example room:1"
    )
    parser.add_argument(
        "--token-file", metavar="FILE", help="file with your token, read before every attempt to connect"
    )
    if command == "publish":
        parser.add_argument("text", metavar="TEXT", nargs="?", help="a JSON object is published as it is")
    if command in ("subscribe", "history"):
        parser.add_argument(
            "--since",
            type=_position,
            metavar="POSITION",
            help="only publications after this position, for example 5f0c1d9b7a3e:41",
        )
    if command == "history":
        parser.add_argument(
            "--limit", type=_count, default=50, metavar="N", help="at most N publications (50)"
        )
        parser.add_argument("--reverse", action="store_true", help="the newest first")
    return parser


def _position(text: str) -> Position:
    try:
        return Position.parse(text)
    except PositionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _channel(text: str) -> str:
    if not CHANNEL.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a channel name: use 1 to 128 of A-Z a-z 0-9 _ : . -"
        )
    return text


def _name(text: str) -> str:
    if not text.isprintable():  # this covers bytes that are not UTF-8
        raise argparse.ArgumentTypeError(f"{text!r} is not printable")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _make_parser(program: str, description: str, command: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=description,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=command)
    parser.add_argument("url", metavar="URL", help="address of the backend, ws://host:port/stage or wss://…")
    parser.add_argument("--name", type=_name, help="your display name, 1 to 64 characters")
    parser.add_argument("--origin", help="the Origin header, for a stage with a list of allowed pages")
    return parser
