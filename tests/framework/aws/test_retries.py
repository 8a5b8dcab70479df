import asyncio
from random import Random

import pytest

from signalbox.aws.errors import (
    ConnectError,
    CredentialsError,
    ResponseTimeoutError,
    ServiceError,
    TransportError,
)
from signalbox.aws.retries import FIRST_PAUSE, LONGEST_PAUSE, full_jitter, with_retries

SEED = 7


class Attempts:
    """Raises each failure in turn, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.made = 0

    async def __call__(self) -> str:
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def throttled() -> ServiceError:
    return ServiceError("RequestThrottled", "", 400, {})


async def test_answer_comes_when_failures_were_temporary() -> None:
    attempts = Attempts(throttled(), ConnectError("refused"), ServiceError("InternalFailure", "", 500, {}))

    assert await with_retries(attempts) == "answer"
    assert attempts.made == 4


@pytest.mark.parametrize("failure", [ServiceError("AccessDenied", "", 400, {}), CredentialsError("none")])
async def test_failure_is_final_when_a_repetition_would_not_help(failure: Exception) -> None:
    attempts = Attempts(failure)

    with pytest.raises(type(failure)):
        await with_retries(attempts)
    assert attempts.made == 1


async def test_last_failure_is_raised_when_the_time_is_over() -> None:
    attempts = Attempts(*(throttled() for _ in range(1_000)))

    with pytest.raises(ServiceError, match="RequestThrottled"):
        await with_retries(attempts, budget=0.1)
    assert attempts.made < 1_000


async def test_attempt_ends_when_the_time_is_over() -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ResponseTimeoutError):
        await with_retries(hang, budget=0.05)
    assert issubclass(ResponseTimeoutError, TransportError)


def test_pauses_are_random_and_bounded_exponentially() -> None:
    print("seed", SEED)  # noqa: T201 - shown when it fails
    randomness = Random(SEED)
    for attempt in range(12):
        bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
        pauses = [full_jitter(attempt, randomness) for _ in range(200)]
        assert 0 <= min(pauses) < bound * 0.1
        assert bound * 0.9 < max(pauses) <= bound
