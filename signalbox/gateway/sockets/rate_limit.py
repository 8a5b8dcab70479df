"""Rate limits with token buckets, for the whole stage and for single routes (W55, W71, W91)."""

from collections.abc import Callable, Mapping

from ..config import Throttle


class TokenBucket:
    """Holds `burst` tokens, and gets `rate` new ones a second. `now` is the clock in epoch milliseconds."""

    def __init__(self, throttle: Throttle, now: Callable[[], int]) -> None:
        self._throttle = throttle
        self._now = now
        self._tokens = float(throttle.burst)
        self._filled_at = now()

    def take(self) -> bool:
        """Take a token. Return False if there is none."""
        now = self._now()
        refill = max(0, now - self._filled_at) * self._throttle.rate / 1000
        self._tokens = min(self._throttle.burst, self._tokens + refill)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class RateLimiter:
    """The token buckets of a stage and of its routes. All requests share the bucket of the stage."""

    def __init__(
        self, stage: Throttle | None, routes: Mapping[str, Throttle], now: Callable[[], int]
    ) -> None:
        self._stage = (TokenBucket(stage, now),) if stage else ()
        self._routes = {key: (TokenBucket(throttle, now), *self._stage) for key, throttle in routes.items()}

    def admits(self, route: str | None = None) -> bool:
        """Whether one more request is within the limits of its route and of the stage."""
        buckets = self._routes.get(route, self._stage) if route else self._stage
        return all(bucket.take() for bucket in buckets)
