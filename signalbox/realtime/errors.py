"""What the application's own failures look like to a client.

The store knows nothing of frames and the resolver nothing of the store; here the two are joined:

RealtimeError (resolver)
├── ConnectionLostError   connection_gone, 410
├── HistoryLostError      history_gone, 410
├── UnknownChannelError   unknown_channel, 404
└── TooManyError          too_many_subscriptions, 409
"""

from connection_store import (
    ConnectionGoneError,
    ConnectionLimitError,
    HistoryGoneError,
    InvalidCursorError,
    RevokedError,
    StoreError,
    SubscriptionLimitError,
    TransactionConflictError,
)
from signalbox.observability import report_unavailable
from signalbox.publisher import FrameTooLargeError, QueueError
from signalbox.resolver import (
    ConflictError,
    Context,
    DisconnectEvent,
    InvalidMessageError,
    RateLimitedError,
    RealtimeError,
    Router,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)


class ConnectionLostError(RealtimeError):
    """The server no longer knows this connection: connect again."""

    code = "connection_gone"
    status = 410
    retry = False


class HistoryLostError(RealtimeError):
    """The history that a position belongs to is no more: begin with the channel's present position."""

    code = "history_gone"
    status = 410


class UnknownChannelError(RealtimeError):
    """There are no channels of this kind."""

    code = "unknown_channel"
    status = 404


class TooManyError(RealtimeError):
    """The connection would have more subscriptions than it may, and got none of those it asked for."""

    code = "too_many_subscriptions"
    status = 409


router = Router()


@router.exception_handler(ConnectionGoneError)
async def lost() -> None:
    """Tell a client whose row expired or was pruned that only a new connection helps."""
    raise ConnectionLostError


@router.exception_handler(InvalidCursorError)
async def wrong_cursor() -> None:
    """Say which field is wrong."""
    raise InvalidMessageError(fields=[{"field": "cursor", "problem": "invalid"}])


@router.exception_handler(HistoryGoneError)
async def history_lost() -> None:
    """Tell a client that what it remembers is of a history before this one (F27)."""
    raise HistoryLostError


@router.exception_handler(SubscriptionLimitError)
async def too_many() -> None:
    """Say that the limit is reached, and not of what anybody else did."""
    raise TooManyError


@router.exception_handler(ConnectionLimitError)
async def too_many_connections() -> None:
    """Refuse a handshake with 429: the user comes too often, or has as many connections as they may."""
    raise RateLimitedError


@router.exception_handler(RevokedError)
async def logged_out() -> None:
    """Refuse a handshake with 401: the credentials are from before a logout."""
    raise UnauthorizedError


@router.exception_handler(TransactionConflictError)
async def conflict(error: TransactionConflictError, context: Context) -> None:
    """Somebody else wrote the same rows, three times over: a client tries again, API Gateway does not."""
    if isinstance(context.event, DisconnectEvent):  # never given up silently (F34)
        report_unavailable("store", type(error).__name__)
    raise ConflictError


@router.exception_handler(StoreError)
async def unavailable(error: StoreError) -> None:
    """The table is throttled, unreachable or missing; nothing was acknowledged, so try again."""
    report_unavailable("store", type(error).__name__)
    raise UnavailableError


@router.exception_handler(QueueError)
async def not_queued(error: QueueError) -> None:
    """The queue is throttled, unreachable or missing: some may be served all the same, so try again."""
    report_unavailable("queue", str(error))
    raise UnavailableError


@router.exception_handler(UnavailableError)
async def unavailable_already(error: UnavailableError) -> None:
    """What a handler itself says is unavailable counts as well."""
    report_unavailable("service", type(error).__name__)
    raise error


@router.exception_handler(FrameTooLargeError)
async def too_large() -> None:
    """The request was small enough, and what it would become on its way out is not."""
    raise TooLargeError
