"""`signalbox dev`: prepare the environments, then run the application on this machine."""

import os
import sys
import time
from pathlib import Path

from .arguments import parse
from .environments import CHECKOUT, PROJECT, SetupError, describe, prepare
from .project import find_project

STARTED = "SIGNALBOX_STARTED"


def main(arguments: list[str]) -> int:
    """Prepare what is missing, then run. Returns the exit status.

    In a checkout of Signalbox it continues in the checkout's own environment, `.venv`.
    """
    options = parse(arguments)
    try:
        project = find_project(Path.cwd())
        checkout = project.root == CHECKOUT
        prepare(checkout=checkout, peers=options.peers)
        if options.setup:
            return 0
        started = _started()
        if checkout and not PROJECT.active:
            os.execv(PROJECT.python, [str(PROJECT.python), "-m", "signalbox", "dev", *arguments])  # noqa: S606 - our own interpreter
        from .run import run

        return run(options, project, started)
    except KeyboardInterrupt:
        return 130
    except SetupError as error:
        print(f"signalbox dev: {error}", file=sys.stderr)
    except OSError as error:
        print(f"signalbox dev: {describe(error)}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if not PROJECT.active:
            raise  # the command says which extra brings it
        print(f"signalbox dev: {error}: remove {PROJECT.folder} and start again", file=sys.stderr)
    return 1


def _started() -> float:
    """When this command began, in monotonic seconds; it keeps its process id when it changes interpreters."""
    process, _, instant = os.environ.get(STARTED, "").partition(" ")
    if process != str(os.getpid()):
        instant = str(time.monotonic())
        os.environ[STARTED] = f"{os.getpid()} {instant}"
    return float(instant)
