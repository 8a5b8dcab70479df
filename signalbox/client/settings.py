"""Settings of a client: timeouts, pauses, queue sizes and the origin."""

from dataclasses import dataclass

OPEN_TIMEOUT = 30.0
"""Seconds for a handshake. ``$connect`` may take up to 29, the integration timeout of API Gateway."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a client. All times are seconds."""

    open_timeout: float = OPEN_TIMEOUT
    """Timeout of a handshake."""

    request_timeout: float = 10.0
    """Timeout of a request, ``hello`` and the heartbeat's ``ping`` included."""

    publish_timeout: float = 30.0
    """Timeout of a publication, over as many connections as it takes."""

    reconnect_pause: float = 3.0
    """Ceiling of the first pause before a reconnect. It doubles with each failure (exponential backoff)."""

    retry_pause: float = 0.5
    """Ceiling of the first pause before a refused request is retried. It doubles in the same way."""

    longest_pause: float = 30.0
    """The highest ceiling of both."""

    steady_after: float = 10.0
    """A connection that lived this long resets the backoff."""

    hold: float = 1.0
    """How long the client waits for a missing publication before it reads the history."""

    roll_over: tuple[float, float] = (6_300.0, 6_900.0)
    """The range of ages at which a new connection replaces the old. API Gateway ends it at 7,200 (W65)."""

    queue: int = 1_000
    """Maximum number of items that wait for the application, per subscription and for the events."""

    origin: str | None = None
    """The ``Origin`` header, for a server with a list of allowed pages. With a native ticket use None."""
