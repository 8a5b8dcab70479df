"""`signalbox load --url ws://… --connections N --broadcasts M --payload BYTES`."""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

from .arguments import allow_files, check_outputs, make_parser, make_plan
from .errors import UnreachableError, UsageError
from .progress import Progress
from .report.report import render, summarise
from .run import LoadTest
from .sockets.dialer import Dialer
from .sockets.handshake import Address, parse_address

NOT_OK, WRONG_USAGE, NO_CONNECTION = 1, 2, 3

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Run the load test and return its exit code."""
    options = make_parser().parse_args(arguments)
    try:
        plan, address = make_plan(options), parse_address(options.url, options.ca)
        check_outputs(options)
        allow_files(plan.connections + plan.slow)
        test = LoadTest(plan, Dialer(address), secrets.token_hex(4))
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(measure(test, address, options))
    except UsageError as error:
        return _fail(str(error), WRONG_USAGE)
    except UnreachableError as error:
        return _fail(str(error), NO_CONNECTION)
    except OSError as error:
        # Python flushes standard output again at exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail(f"the figures cannot be written: {error.strerror}", NOT_OK)
    except KeyboardInterrupt:  # the second Ctrl-C
        return 128 + signal.SIGINT


async def measure(test: LoadTest, address: Address, options: argparse.Namespace) -> int:
    """Run `test`, report its figures and return the exit code. SIGINT and SIGTERM end the run early."""
    started, cpu_started = perf_counter(), process_time()
    stopped = await _run_until_stopped(test)
    summary = summarise(
        test,
        url=address.public,
        seconds=perf_counter() - started,
        cpu_seconds=process_time() - cpu_started,
        stopped=stopped.name if stopped else None,
    )
    try:
        sys.stdout.write(render(summary) + "\n")
        sys.stdout.flush()
    finally:
        _write_files(summary, options)
    if stopped:
        return 128 + stopped
    if not any(counts.connections for counts in test.phase_counts):
        return NO_CONNECTION
    return 0 if summary["ok"] else NOT_OK


def _write_files(summary: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        options.json.write_text(json.dumps(summary, indent=2) + "\n")
    if options.report:
        from .report.page import make_page

        options.report.write_text(make_page(summary), encoding="utf-8")


async def _run_until_stopped(test: LoadTest) -> signal.Signals | None:
    # The first signal ends the run, a second one the process. Only the main thread can handle signals.
    signals = _STOP_SIGNALS if threading.current_thread() is threading.main_thread() else ()
    loop, stopped = asyncio.get_running_loop(), []
    running = asyncio.create_task(test.run())
    showing = asyncio.create_task(Progress(test, sys.stderr).show())

    def stop(number: signal.Signals) -> None:
        stopped.append(number)
        running.cancel()
        for each in signals:
            loop.remove_signal_handler(each)

    for number in signals:
        loop.add_signal_handler(number, stop, number)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        showing.cancel()
        await asyncio.wait([showing])
    return stopped[0] if stopped else None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ModuleNotFoundError:
        return None
    return uvloop.new_event_loop


def _fail(text: str, exit_code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return exit_code
