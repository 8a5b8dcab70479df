"""The bridge from Lambda's synchronous call to asyncio: one event loop per sandbox."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from threading import Lock
from typing import Any, TypeVar

from .errors import trace

_logger = logging.getLogger("signalbox")
_inside: ContextVar[bool] = ContextVar("inside", default=False)
_T = TypeVar("_T")


class Runtime:
    """One event loop, made on first use and kept, so that connections outlive an invocation.

    `asyncio.run` for each invocation would break every lock and connection of the one before (F29).
    `new_loop` makes it.
    """

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self._new_loop = new_loop
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_children = False

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine and return its result. Cancels the tasks it leaves behind, and awaits them.

        May be called from any thread, also where a loop runs already (another thread then does the work), and
        serves one call at a time. Raises RuntimeError for a call from inside what it runs, which would wait
        for ever.
        """
        if _inside.get():
            coroutine.close()
            raise RuntimeError("already inside an invocation: await dispatch() instead of calling resolve()")
        if not _is_loop_running():
            return self._run(coroutine)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(copy_context().run, self._run, coroutine).result()

    def close(self) -> None:
        """Close the loop and its threads; the next `run` makes new ones."""
        with self._lock:
            if self._loop:
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
                self._loop.run_until_complete(self._loop.shutdown_default_executor())
                self._loop.close()
                self._loop = None

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        with self._lock:
            if self._loop is None:
                self._loop = self._new_loop()
                self._loop.set_exception_handler(_log_left_behind)
                self._loop.set_task_factory(self._make_child)
            # Not run_until_complete: its second turn of the loop is a third of the cost of an invocation.
            task = asyncio.Task(self._serve(coroutine, self._loop), loop=self._loop)
            while not task.done():
                try:
                    self._loop.run_forever()
                except SystemExit:
                    # Raised by any task it leaves the loop, but who awaits that task has yet to learn of it.
                    continue
            return task.result()

    async def _serve(self, coroutine: Coroutine[Any, Any, _T], loop: asyncio.AbstractEventLoop) -> _T:
        _inside.set(True)
        self._has_children = False
        try:
            try:
                return await coroutine
            finally:
                if self._has_children:
                    await _cancel_children()
        finally:
            loop.stop()

    def _make_child(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Task[Any]:
        # Looking for tasks left behind costs more than all else here: done only where there can be any.
        self._has_children = True
        return asyncio.Task(coroutine, loop=loop, **options)


def _is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _cancel_children() -> None:
    while children := asyncio.all_tasks() - {asyncio.current_task()}:
        for child in children:
            _logger.warning("a task was left behind and is cancelled: %s", _name_of(child))
            child.cancel()
        await asyncio.gather(*children, return_exceptions=True)


def _name_of(task: asyncio.Task[Any]) -> str:
    return getattr(task.get_coro(), "__qualname__", task.get_name())


def _log_left_behind(_loop: asyncio.AbstractEventLoop, problem: dict[str, Any]) -> None:
    # asyncio's own handler would log the error's text, where contents and secrets live.
    error = problem.get("exception")
    _logger.error("nobody awaited a failure: %s", trace(error) if error else problem["message"])
