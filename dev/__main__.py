"""`python -m dev`: prepare the environments, then run Signalbox on this machine."""

import os
import sys
import time

from dev.command import parse
from dev.environments import PROJECT, SetupError, prepare

STARTED = "SIGNALBOX_STARTED"


def main() -> None:
    """Prepare what is missing, then continue in the project's own environment."""
    options = parse(sys.argv[1:])
    try:
        prepare()
    except SetupError as error:
        sys.exit(f"python -m dev: {error}")
    if options.setup:
        return
    started = os.environ.setdefault(STARTED, str(time.monotonic()))
    if not PROJECT.active:
        os.execv(PROJECT.python, [str(PROJECT.python), "-m", "dev", *sys.argv[1:]])  # noqa: S606 - our own interpreter
    from dev.run import run

    sys.exit(run(options, float(started)))


if __name__ == "__main__":
    main()
