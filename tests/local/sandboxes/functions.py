"""The function the sandboxes of these tests run: it does what the event says."""

import http
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

Event = dict[str, Any]

_CIRCLE: list[Any] = []
_CIRCLE.append(_CIRCLE)
_VALUES = {
    "nothing": None,
    "object": object(),
    "circle": _CIRCLE,
    "nan": float("nan"),
    "bytes": b'{"raw":true}',
    "text": "plain",
    "decimals": [Decimal("1"), Decimal("1.5"), Decimal("-0.25"), b"bytes"],
}


def handler(event: Event, context: Any) -> Any:
    """Do what the event says, badly if it says so; else return it."""
    return _ACTIONS.get(event.get("do", ""), _echo)(event, context)


def _echo(event: Event, _context: Any) -> Any:
    return {"pid": os.getpid(), "event": event}


def _raise(event: Event, _context: Any) -> Any:
    raise ValueError(event["text"])


def _return(event: Event, _context: Any) -> Any:
    return _VALUES[event["what"]]


def _swell(event: Event, _context: Any) -> Any:
    return "x" * event["size"]


def _exit(event: Event, _context: Any) -> Any:
    sys.exit(event["status"])


def _vanish(_event: Event, _context: Any) -> Any:
    os._exit(9)


def _interrupt(_event: Event, _context: Any) -> Any:
    raise KeyboardInterrupt


def _loop(_event: Event, _context: Any) -> Any:
    sys.stdout.write("running\n")
    while True:
        pass


def _wait(event: Event, context: Any) -> Any:
    sys.stdout.write("running\n")
    while not Path(event["file"]).exists():
        time.sleep(0.005)
    return _echo(event, context)


def _print(event: Event, _context: Any) -> Any:
    sys.stdout.write(event["text"] * event["times"])


def _log(event: Event, _context: Any) -> Any:
    logging.getLogger("someone").warning(event["text"])


def _hold(event: Event, _context: Any) -> Any:
    """Keep a pipe open in this process, or in a child of it: its reader sees the end when they are gone."""
    pipe, how = os.open(event["fifo"], os.O_WRONLY), event["how"]
    if how == "child":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(pipe,))
    os.write(pipe, b"held")
    while how in ("loop", "child"):
        pass
    if how == "regex":
        # Keeps the interpreter's lock for ever.
        re.match("(a+)+$", "a" * 64 + "b")


def _describe(_event: Event, context: Any) -> dict[str, Any]:
    return {
        "request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "function": [context.function_name, context.function_version, context.memory_limit_in_mb],
        "arn": context.invoked_function_arn,
        "log": [context.log_group_name, context.log_stream_name],
        "identity": context.identity.cognito_identity_id,
        "client_context": context.client_context,
        "environment": dict(os.environ),
        "path": sys.path,
        "http": http.__file__,
        "stdin": sys.stdin.read(),
    }


_ACTIONS: dict[str, Callable[[Event, Any], Any]] = {
    "raise": _raise,
    "return": _return,
    "swell": _swell,
    "exit": _exit,
    "vanish": _vanish,
    "interrupt": _interrupt,
    "loop": _loop,
    "wait": _wait,
    "print": _print,
    "log": _log,
    "hold": _hold,
    "describe": _describe,
}
