"""Runs a program that dies with the process that started it, by any death, Linux and macOS alike.

    python parent_watch.py MODULE|SCRIPT.py [ARGUMENT ...]

Standard input must be a pipe whose other end the starter holds open and never writes to: its end is the end
of the starter. The program itself reads an empty standard input. As with `python -m`, the working directory
comes first on `sys.path`. Started as the leader of its process group, it takes the whole group with it.

Needs Python 3.11 and nothing else, so that any environment's interpreter can run it.
"""

import os
import sys


def main() -> None:
    """Hold on to the starter, then become the program."""
    # Run by path, this file's folder comes first: its http.py would hide the standard library's.
    sys.path[0] = os.getcwd()  # noqa: PTH109 pathlib is not needed by every program
    import runpy
    import threading

    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    _kill_at_end_of(lifeline)
    threading.Thread(target=_die_at_end_of, args=(lifeline,), name="parent-watch", daemon=True).start()
    del sys.argv[0]
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _kill_at_end_of(lifeline: int) -> None:
    # The kernel's part: a loop in C that keeps the interpreter lock starves every thread, but not a signal.
    if sys.platform == "linux":
        import contextlib
        import fcntl
        import signal

        leads = os.getpgrp() == os.getpid()
        # Not every container's kernel can; the thread is there all the same.
        with contextlib.suppress(OSError):
            fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid() if leads else os.getpid())
            fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _die_at_end_of(lifeline: int) -> None:
    import signal

    # Not through sys.stdin: a thread that holds its lock crashes the interpreter on its way out.
    os.read(lifeline, 1)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
