"""A portable runtime client: runs a function as Lambda does, over a socket pair instead of HTTP.

    python parent_watch.py worker.py MODULE.FUNCTION FD MAX_PAYLOAD

In both directions a message on the socket FD is a line of JSON with a `size`, then `size` bytes of payload.
To the worker: the headers of Lambda's Runtime API and the event. From it, by `kind`: `ready`, `init` (the
`type` and `message` of an error while loading, then the worker exits), `answer` with the payload, `error` and
`too_large` with a `type`. `unauthorized` is True when the text of the error is "Unauthorized". The text of
any other error than `init` goes to standard output only, as Lambda logs it.

It runs as a script in the function's folder, so it imports only the standard library.
"""

import importlib
import json
import logging
import math
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

Handler = Callable[[Any, "Context"], Any]

_MAX_MESSAGE = 4_096
_LOG_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"


class FunctionError(Exception):
    """An error of the function: `error_type` in Lambda's terms, its `message`, and the `report` for the log.

    `unauthorized` is True when the text of the error is "Unauthorized", with which an authorizer refuses.
    """

    def __init__(
        self, error_type: str, message: str, report: str = "", *, unauthorized: bool = False
    ) -> None:
        self.error_type = error_type
        self.message = message
        self.unauthorized = unauthorized
        self.report = f"[ERROR] {report or message}"


class Context:
    """The `context` argument, with the attributes of Lambda's own object."""

    def __init__(self, headers: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = environment.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function is killed."""
        return max(0, self._deadline - math.floor(time.time() * 1000))


def load(name: str) -> Handler:
    """Load "module.function". Raises FunctionError. Exceptions that end a process pass through."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise FunctionError("Runtime.MalformedHandlerName", f"Bad handler '{name}'")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise FunctionError("Runtime.BuiltInModuleConflict", f"Module '{module_name}' is built in")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise _function_error(error, "Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        raise _function_error(error, "Runtime.UserCodeSyntaxError") from error
    except Exception as error:
        raise _function_error(error) from error
    handler: Handler | None = getattr(module, function_name, None)
    if handler is None:
        raise FunctionError(
            "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'"
        )
    return handler


def call(handler: Handler, event: bytes, context: Context) -> bytes:
    """Run one invocation. Raises FunctionError. Exceptions that end a process pass through."""
    try:
        value = json.loads(event)
    except Exception as error:
        raise _function_error(error, "Runtime.UnmarshalError") from error
    try:
        answer = handler(value, context)
    except Exception as error:
        raise _function_error(error) from error
    if isinstance(answer, bytes):
        return answer
    try:
        return _ANSWERS.encode(answer).encode()
    except Exception as error:
        raise _function_error(error, "Runtime.MarshalError") from error


def _function_error(
    error: Exception, error_type: str | None = None, message: str | None = None
) -> FunctionError:
    name = error_type or type(error).__name__
    report = "".join(traceback.format_exception_only(error))
    # The text of such an error says everything, so a traceback would only hide it.
    if not getattr(error, "one_line", False):
        # The first frame is one of this file.
        frames = traceback.format_tb(error.__traceback__)[1:]
        report += f"Traceback (most recent call last):\n{''.join(frames)}"
    unauthorized = error.args == ("Unauthorized",)
    return FunctionError(name, message or str(error), report.rstrip(), unauthorized=unauthorized)


def _encode(value: object) -> object:
    # Numbers from DynamoDB are Decimals, which AWS's client encodes in the same way.
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if is_whole else float(value)
    if isinstance(value, bytes):
        return value.decode()
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


_ANSWERS = json.JSONEncoder(ensure_ascii=False, default=_encode)


class _GatewaySocket:
    def __init__(self, wire: socket.socket, max_payload: int) -> None:
        self._wire = wire
        self._reader = wire.makefile("rb")
        self._max_payload = max_payload

    def receive(self) -> tuple[dict[str, str], bytes] | None:
        line = self._reader.readline()
        if not line:
            return None
        headers = json.loads(line)
        return headers, self._reader.read(headers["size"])

    def report(self, kind: str, error: FunctionError) -> None:
        print(error.report)
        message = error.message[:_MAX_MESSAGE] if kind == "init" else ""
        self.say(kind, type=error.error_type, message=message, unauthorized=error.unauthorized)

    def answer(self, payload: bytes) -> None:
        if len(payload) > self._max_payload:
            self.say("too_large", type="Function.ResponseSizeTooLarge")
        else:
            self.say("answer", payload)

    def say(self, kind: str, payload: bytes = b"", **more: str | bool) -> None:
        header = json.dumps({"kind": kind, "size": len(payload), **more})
        self._wire.sendall(header.encode() + b"\n" + payload)


def _log_as_lambda_does() -> dict[str, str]:
    record_defaults = {"aws_request_id": ""}
    formatter = logging.Formatter(_LOG_FORMAT, "%Y-%m-%dT%H:%M:%S", defaults=record_defaults)
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    return record_defaults


def main(name: str, fd: str, max_payload: str) -> None:
    """Load the function `name`, and run it for one event after the other."""
    # The text of an error may have characters that cannot be encoded, which must not end the process.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a real stream, not a test's
    wire = socket.socket(fileno=int(fd))
    wire.set_inheritable(False)
    gateway = _GatewaySocket(wire, int(max_payload))
    record_defaults = _log_as_lambda_does()
    try:
        handler = load(name)
    except FunctionError as error:
        gateway.report("init", error)
        sys.exit(1)
    gateway.say("ready")
    # Reading os.environ for each event would take longer than the rest of the context.
    environment = dict(os.environ)
    while message := gateway.receive():
        headers, event = message
        context = Context(headers, environment)
        record_defaults["aws_request_id"] = context.aws_request_id
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        try:
            gateway.answer(call(handler, event, context))
        except FunctionError as error:
            gateway.report("error", error)


if __name__ == "__main__":
    main(*sys.argv[1:])
