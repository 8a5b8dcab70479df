"""`signalbox client`: talk to a backend from a terminal or a script."""

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Callable

from .errors import ClientError, RequestError, explain_missing_package
from .terminal.arguments import ends_by_hand, parse
from .terminal.transcript import describe_error


def main(arguments: list[str], *, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> int:
    """Run the client on a loop of its own and return its exit code."""
    options = parse(arguments)
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(_work(options))
    except ModuleNotFoundError as error:
        return _fail(explain_missing_package(error), 1)
    except RequestError as error:
        return _fail(describe_error(error.code, error.fields), error.exit_code)
    except ClientError as error:
        return _fail(str(error), error.exit_code)
    except OSError as error:
        return _abandon_output(error)
    except KeyboardInterrupt:
        return 0 if ends_by_hand(options) else 130
    return 0


async def _work(options: Namespace) -> None:
    # Imported here, so that a missing package is one line as well.
    if options.command is None:
        from .terminal.conversation import converse

        await converse(options, _note)
    else:
        from .terminal.channel_commands import run_channel_command

        await run_channel_command(options, _note)


def _abandon_output(error: OSError) -> int:
    # Python flushes standard output again at exit, which would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    return _fail(f"standard output: {error.strerror}", 1)


def _fail(text: str, exit_code: int) -> int:
    _note(text)
    return exit_code


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
