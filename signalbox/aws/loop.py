"""Event loops: the fastest available one, and values that belong to one of them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import Future
from threading import Thread
from typing import Any, Generic, TypeVar, cast

_T = TypeVar("_T")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make one of uvloop's where that is installed, else one of asyncio's own."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class PerLoop(Generic[_T]):
    """A value for each event loop, made by `make` in the loop itself. Loops may run in several threads.

    A child of a fork runs another loop, and so has its own value.
    """

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._values: dict[asyncio.AbstractEventLoop, _T] = {}

    def get(self) -> _T:
        """Return the value of the running loop."""
        loop = asyncio.get_running_loop()
        value = self._values.get(loop)
        if value is None:
            value = self._make()
            for closed in [each for each in tuple(self._values) if each.is_closed()]:
                self._values.pop(closed, None)
            self._values[loop] = value
        return value

    def take(self) -> _T | None:
        """Forget the value of the running loop, and return it if there is one."""
        return self._values.pop(asyncio.get_running_loop(), None)


def run_alone(coroutine: Coroutine[Any, Any, _T], seconds: float) -> _T:
    """Return what a coroutine returns, run in a loop of its own. It blocks. Raises TimeoutError."""
    result: Future[_T] = Future()

    def run() -> None:
        try:
            result.set_result(asyncio.run(coroutine))
        except BaseException as error:  # noqa: BLE001 - it is the caller's
            result.set_exception(error)

    # A thread of its own, and none that is waited for: looking up a name cannot be cancelled.
    Thread(target=run, daemon=True).start()
    return result.result(seconds)


async def all_of(work: Iterable[Awaitable[_T]]) -> list[_T]:
    """Return all results in order. Raise the first failure, but only when everything is done."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return cast(list[_T], results)
