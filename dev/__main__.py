"""`python -m dev`: prepare the environments, then run Signalbox on this machine."""

import os
import sys
import time

from dev.command import parse
from dev.environments import PROJECT, SetupError, prepare

STARTED = "SIGNALBOX_STARTED"


def main() -> int:
    """Prepare what is missing, then continue in the project's own environment. Returns the exit status."""
    options = parse(sys.argv[1:])
    try:
        prepare(peers=options.peers)
        if options.setup:
            return 0
        started = _started()
        if not PROJECT.active:
            os.execv(PROJECT.python, [str(PROJECT.python), "-m", "dev", *sys.argv[1:]])  # noqa: S606 - our own interpreter
        from dev.run import run

        return run(options, started)
    except KeyboardInterrupt:
        return 130
    except SetupError as error:
        print(f"python -m dev: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"python -m dev: {error}; remove {PROJECT.folder} and try again", file=sys.stderr)
    return 1


def _started() -> float:
    """When this command began, in monotonic seconds; it keeps its process id when it changes interpreters."""
    process, _, instant = os.environ.get(STARTED, "").partition(" ")
    if process != str(os.getpid()):
        instant = str(time.monotonic())
        os.environ[STARTED] = f"{os.getpid()} {instant}"
    return float(instant)


if __name__ == "__main__":
    sys.exit(main())
