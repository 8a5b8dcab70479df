"""`signalbox dev`: prepare the environments, then run Signalbox on this machine."""

import os
import sys
import time

from .arguments import parse
from .environments import PROJECT, SetupError, prepare

STARTED = "SIGNALBOX_STARTED"


def main(arguments: list[str]) -> int:
    """Prepare what is missing, then continue in the project's own environment. Returns the exit status."""
    options = parse(arguments)
    try:
        prepare(peers=options.peers)
        if options.setup:
            return 0
        started = _started()
        if not PROJECT.active:
            os.execv(PROJECT.python, [str(PROJECT.python), "-m", "signalbox", "dev", *arguments])  # noqa: S606 - our own interpreter
        from .run import run

        return run(options, started)
    except KeyboardInterrupt:
        return 130
    except SetupError as error:
        print(f"signalbox dev: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"signalbox dev: {error}; remove {PROJECT.folder} and try again", file=sys.stderr)
    return 1


def _started() -> float:
    """When this command began, in monotonic seconds; it keeps its process id when it changes interpreters."""
    process, _, instant = os.environ.get(STARTED, "").partition(" ")
    if process != str(os.getpid()):
        instant = str(time.monotonic())
        os.environ[STARTED] = f"{os.getpid()} {instant}"
    return float(instant)
