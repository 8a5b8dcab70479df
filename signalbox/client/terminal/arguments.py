"""The command line: what may be asked for, and how."""

import argparse
import math
import sys
from collections.abc import Sequence

from ..errors import PositionError
from ..values import CHANNEL, Position

_DESCRIPTION = """\
On a terminal: type a line to send it to everyone; /help lists the commands.
In a pipe: a line that is a JSON object is sent as it is, any other line is sent to everyone as text;
every frame received is a line on standard output.

Channels have commands of their own, which come back when the connection breaks:
  signalbox client subscribe URL CHANNEL [--since POSITION]
  signalbox client publish URL CHANNEL [TEXT]
  signalbox client history URL CHANNEL [--since POSITION]
  signalbox client presence URL CHANNEL
`signalbox token --help` is about tokens and tickets for development."""

_EXIT_CODES = """\
exit codes:
  0  all went well
  1  the connection broke or was closed for a reason, or lines were not sent or not answered
  2  wrong usage
  3  no connection came about
  130  Ctrl-C before all was sent and answered; what only Ctrl-C ends has ended well, with 0"""

_COMMANDS = {
    "subscribe": "Show what is published on a channel, once each and in order, until Ctrl-C.",
    "publish": "Publish a text on a channel or, without one, every line of standard input.",
    "history": "Show what a channel keeps.",
    "presence": "Show who is on a channel.",
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What a command line asks for; ``command`` is None for a conversation. Exits when it makes no sense."""
    if arguments and arguments[0] in _COMMANDS:
        return _channel_parser(arguments[0]).parse_intermixed_args(arguments[1:])
    return _parser().parse_args(arguments)


def is_conversation() -> bool:
    """Whether there is a person at both ends, and not a pipe."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ends_by_hand(options: argparse.Namespace) -> bool:
    """Whether only Ctrl-C ends what was asked for."""
    if options.command is None:
        return options.listen or is_conversation()
    return bool(options.command == "subscribe")


def _parser() -> argparse.ArgumentParser:
    parser = _make("signalbox client", _DESCRIPTION, None)
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="in a pipe: how long to wait for answers (5)",
    )
    parser.add_argument("--listen", action="store_true", help="in a pipe: stay after the end of the input")
    return parser


def _channel_parser(command: str) -> argparse.ArgumentParser:
    words = f"{_COMMANDS[command]}\nReadable on a terminal; in a pipe, one JSON object a line."
    parser = _make(f"signalbox client {command}", words, command)
    parser.add_argument("channel", type=_channel, metavar="CHANNEL", help="its name, as room:1")
    parser.add_argument(
        "--token-file", metavar="FILE", help="who you are: a token, read before every attempt to connect"
    )
    if command == "publish":
        parser.add_argument("text", metavar="TEXT", nargs="?", help="a JSON object is published as it is")
    if command in ("subscribe", "history"):
        parser.add_argument(
            "--since", type=_position, metavar="POSITION", help="after this one, as 5f0c1d9b7a3e:41"
        )
    if command == "history":
        parser.add_argument("--limit", type=_count, default=50, metavar="N", help="at most so many (50)")
        parser.add_argument("--reverse", action="store_true", help="the newest first")
    return parser


def _position(text: str) -> Position:
    try:
        return Position.parse(text)
    except PositionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _channel(text: str) -> str:
    if not CHANNEL.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no channel: 1 to 128 of A-Z a-z 0-9 _ : . -")
    return text


def _name(text: str) -> str:
    if not text.isprintable():  # what is not UTF-8 is not, either
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


def _make(program: str, words: str, command: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=words,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=command)
    parser.add_argument("url", metavar="URL", help="address of the backend, ws://host:port/stage or wss://…")
    parser.add_argument("--name", type=_name, help="your display name, 1 to 64 characters")
    parser.add_argument("--origin", help="the page to come from, where a stage lets in no others")
    return parser
