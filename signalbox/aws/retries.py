"""Repeating what failed for a moment: exponential backoff with full jitter (AWS Architecture Blog, 2015)."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from random import Random, SystemRandom
from typing import TypeVar

from .errors import ResponseTimeoutError, ServiceError, TransportError

FIRST_PAUSE, LONGEST_PAUSE = 0.025, 0.4
"""Bounds of the first pause and of the longest, in seconds."""

BUDGET = 5.0
"""Seconds for a request with all of its repetitions."""

# A seeded generator would be the same one in every sandbox restored from a snapshot.
_RANDOM = SystemRandom()

_T = TypeVar("_T")


def full_jitter(attempt: int, randomness: Random = _RANDOM) -> float:
    """Return the pause in seconds before a repetition, the first being 0: random, as others wait, too."""
    return randomness.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempt, 10)))


async def with_retries(attempt: Callable[[], Awaitable[_T]], *, budget: float | None = None) -> _T:
    """Return what `attempt` returns, and repeat it as long as it fails for a moment.

    It is for requests that may be sent twice. Raises what the last attempt raised.
    """
    failure: TransportError | ServiceError = ResponseTimeoutError("no answer in time")
    try:
        async with asyncio.timeout(budget or BUDGET):
            for number in count():
                try:
                    return await attempt()
                except (TransportError, ServiceError) as error:
                    if isinstance(error, ServiceError) and not error.temporary:
                        raise
                    failure = error
                await asyncio.sleep(full_jitter(number))
    except TimeoutError:
        pass
    raise failure
