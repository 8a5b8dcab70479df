"""Runs a program that ends when its parent process ends, for any reason, on Linux and macOS.

    python parent_watch.py MODULE|SCRIPT.py [ARGUMENT ...]

Standard input must be a pipe that the parent keeps open and never writes to. The end of the pipe is the end
of the parent. The program itself has an empty standard input. As with `python -m`, the working directory
comes first on `sys.path`. The leader of a process group ends together with its whole group.

It needs Python 3.11 and no package, so that the interpreter of any environment can run it.
"""

import os
import sys


def main() -> None:
    """Watch the parent process, and run the program."""
    # Python puts the folder of this script first on the path, where the program must not find modules.
    sys.path[0] = os.getcwd()  # noqa: PTH109 pathlib is not needed by every program
    import runpy
    import threading

    parent_pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    _kill_at_end_of(parent_pipe)
    threading.Thread(target=_exit_at_end_of, args=(parent_pipe,), name="parent-watch", daemon=True).start()
    del sys.argv[0]
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _kill_at_end_of(parent_pipe: int) -> None:
    # A signal of the kernel works even when C code keeps the interpreter lock and starves the thread.
    if sys.platform == "linux":
        import contextlib
        import fcntl
        import signal

        leads = os.getpgrp() == os.getpid()
        # Some kernels do not support this. Then only the thread watches.
        with contextlib.suppress(OSError):
            fcntl.fcntl(parent_pipe, fcntl.F_SETOWN, -os.getpid() if leads else os.getpid())
            fcntl.fcntl(parent_pipe, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(parent_pipe, fcntl.F_SETFL, fcntl.fcntl(parent_pipe, fcntl.F_GETFL) | os.O_ASYNC)


def _exit_at_end_of(parent_pipe: int) -> None:
    import signal

    # A thread that holds the lock of sys.stdin would crash the interpreter at exit.
    os.read(parent_pipe, 1)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
