"""``python -m client ws://… [--name NAME]``: talk to a backend from a terminal or a script."""

import argparse
import asyncio
import os
import sys

from .errors import ClientError

_DESCRIPTION = """\
On a terminal: type a line to send it to everyone; /help lists the commands.
In a pipe: a line that is a JSON object is sent as it is, any other line is sent to everyone as text;
every frame received is a line on standard output.
`python -m client token --help` is about tokens and tickets for development."""

_EXIT_CODES = """\
exit codes:
  0  all went well
  1  the connection broke or was closed for a reason, or lines were not sent or not answered
  2  wrong usage
  3  no connection came about"""


def main() -> int:
    """Run the client and return its exit code."""
    if sys.argv[1:2] == ["token"]:
        from .tokens import run as mint

        mint(sys.argv[2:])
        return 0
    options = vars(_parser().parse_args())
    try:
        from .front import run  # here, so that a missing package is a sentence too

        asyncio.run(run(**options, note=_note))
    except ModuleNotFoundError as error:
        return _fail(f"the client needs the package {error.name}: pip install {error.name}", 1)
    except ClientError as error:
        return _fail(str(error), error.exit_code)
    except OSError as error:
        return _abandon_output(error)
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m client",
        description=_DESCRIPTION,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", metavar="URL", help="address of the backend, ws://host:port/stage or wss://…")
    parser.add_argument("--name", help="your display name, 1 to 64 characters")
    parser.add_argument(
        "--wait", type=float, default=5, metavar="SECONDS", help="in a pipe: how long to wait for answers (5)"
    )
    parser.add_argument("--listen", action="store_true", help="in a pipe: stay after the end of the input")
    return parser


def _abandon_output(error: OSError) -> int:
    # Python flushes standard output once more when it exits, which would fail once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    return _fail(f"standard output: {error.strerror}", 1)


def _fail(words: str, exit_code: int) -> int:
    _note(words)
    return exit_code


def _note(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
