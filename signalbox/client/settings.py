"""How patient a client is, how much it keeps, and where it says it comes from."""

from dataclasses import dataclass

OPEN_TIMEOUT = 30.0
"""For a handshake: ``$connect`` may take up to 29 seconds, API Gateway's integration timeout."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All times are seconds."""

    open_timeout: float = OPEN_TIMEOUT
    """For a handshake."""

    request_timeout: float = 10.0
    """For the answer to a request, ``hello`` and the beat's ``ping`` among them."""

    publish_timeout: float = 30.0
    """For a publication to be acknowledged, over as many connections as it takes."""

    reconnect_pause: float = 3.0
    """The longest pause before the first attempt to come back; it doubles with each attempt that fails."""

    retry_pause: float = 0.5
    """The same for a request that was refused, but may succeed later."""

    longest_pause: float = 30.0
    """Where they stop to double."""

    steady_after: float = 10.0
    """A connection that lived so long begins with the first pause again."""

    hold: float = 1.0
    """How long a publication that leaves a hole waits for what is missing, before history is asked."""

    roll_over: tuple[float, float] = (6_300.0, 6_900.0)
    """The age at which a new connection takes the place of the old: API Gateway ends it at 7,200 (W65)."""

    queue: int = 1_000
    """How many items wait for the application, of each subscription and of the events."""

    origin: str | None = None
    """The page to come from, for a server that lets in nobody else; with a ticket for no page: none."""
