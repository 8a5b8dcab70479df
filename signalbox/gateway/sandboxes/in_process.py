"""A sandbox in the gateway's own process, so that a debugger can stop at breakpoints."""

import asyncio
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from .environment import invocation_headers, sandbox_environment
from .sandbox import MAX_PAYLOAD, Answer, Failure, Function, Result
from .worker import Context, FunctionError, Handler, call, load


class InProcessSandbox:
    """Runs the function in a thread. Until `stop`, this process has the sandbox's environment variables.

    A thread cannot be killed, so `timeout` only sets the remaining time, and a function that never ends
    keeps its thread. Python modules belong to the process, so create one sandbox of this class at a time.
    """

    def __init__(self, name: str, function: Function) -> None:
        self._name = name
        self._function = function
        self._environment = sandbox_environment(function, name)
        self._replaced: dict[str, str] | None = None
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._pending: asyncio.Future[Any] | None = None
        self._handler: Handler
        self._alive = False

    @property
    def name(self) -> str:
        """The name of the sandbox."""
        return self._name

    @property
    def pid(self) -> int | None:
        """None, because there is no process of its own."""
        return None

    @property
    def alive(self) -> bool:
        """Whether the sandbox can take another invocation."""
        return self._alive

    async def start(self) -> Failure | None:
        """Load the function."""
        self._replaced = dict(os.environ)
        os.environ.update(self._environment)
        time.tzset()
        sys.path.insert(0, str(self._function.task_root))
        threading.Thread(target=self._work, name=self._name, daemon=True).start()
        failure: Failure | None = await self._submit(self._load)
        self._alive = failure is None
        return failure

    def invoke(self, event: bytes, request_id: str, timeout: float) -> asyncio.Future[Result]:
        """Begin to run the function once, without a time limit."""
        headers = invocation_headers(self._environment, request_id, timeout)
        return self._submit(partial(self._call, event, headers))

    async def stop(self) -> None:
        """Abandon a running function, and restore the environment of the process."""
        self._alive = False
        self._jobs.put(None)
        if self._pending is not None:
            _settle(self._pending, Failure("crashed", "Sandbox.Stopped"))
        if self._replaced is not None:
            os.environ.clear()
            os.environ.update(self._replaced)
            time.tzset()
            sys.path.remove(str(self._function.task_root))
            self._replaced = None

    def _submit(self, work: Callable[[], Failure | None] | Callable[[], Result]) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        pending = self._pending = loop.create_future()

        def job() -> None:
            result = work()
            # The event loop may be closed before the function ends.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, pending, result)

        self._jobs.put(job)
        return pending

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _load(self) -> Failure | None:
        try:
            self._handler = load(self._function.handler)
        except FunctionError as error:
            print(error.report, file=sys.stderr)
            return Failure("init", error.error_type, message=error.message)
        except BaseException:  # noqa: BLE001 sys.exit in the function must not end the gateway
            return Failure("init", "Runtime.ExitError")
        return None

    def _call(self, event: bytes, headers: dict[str, str]) -> Result:
        try:
            payload = call(self._handler, event, Context(headers, self._environment))
        except FunctionError as error:
            print(error.report, file=sys.stderr)
            return Failure("error", error.error_type, error.unauthorized)
        except BaseException:  # noqa: BLE001 sys.exit in the function must not end the gateway
            self._alive = False
            return Failure("crashed", "Runtime.ExitError")
        if len(payload) > MAX_PAYLOAD:
            return Failure("too_large", "Function.ResponseSizeTooLarge")
        return Answer(payload)


def _settle(pending: "asyncio.Future[Any]", result: object) -> None:
    if not pending.done():
        pending.set_result(result)
