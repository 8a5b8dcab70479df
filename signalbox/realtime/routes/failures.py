"""The errors that clients see when the store, the queue or the publisher fails."""

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
    Router,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)

from ..errors import ConnectionLostError, HistoryLostError, TooManyError

router = Router()


@router.exception_handler(ConnectionGoneError)
async def lost() -> None:
    """Tell a client whose row expired or was pruned to connect again."""
    raise ConnectionLostError


@router.exception_handler(InvalidCursorError)
async def wrong_cursor() -> None:
    """Say which field is wrong."""
    raise InvalidMessageError(fields=[{"field": "cursor", "problem": "invalid"}])


@router.exception_handler(HistoryGoneError)
async def history_lost() -> None:
    """Tell a client that its position belongs to a history before this one (F27)."""
    raise HistoryLostError


@router.exception_handler(SubscriptionLimitError)
async def too_many() -> None:
    """Say that the limit of subscriptions is reached."""
    raise TooManyError


@router.exception_handler(ConnectionLimitError)
async def too_many_connections() -> None:
    """Refuse a handshake with 429: the user connects too often, or has too many connections."""
    raise RateLimitedError


@router.exception_handler(RevokedError)
async def logged_out() -> None:
    """Refuse a handshake with 401: the credentials are from before a logout."""
    raise UnauthorizedError


@router.exception_handler(TransactionConflictError)
async def conflict(error: TransactionConflictError, context: Context) -> None:
    """Tell a client to try again: other writers held the same rows three times."""
    if isinstance(context.event, DisconnectEvent):  # never given up silently (F34)
        report_unavailable("store", type(error).__name__)
    raise ConflictError


@router.exception_handler(StoreError)
async def unavailable(error: StoreError) -> None:
    """Tell a client to try again: the table is throttled, unreachable or missing."""
    report_unavailable("store", type(error).__name__)
    raise UnavailableError


@router.exception_handler(QueueError)
async def not_queued(error: QueueError) -> None:
    """Tell a client to try again: the queue is throttled, unreachable or missing."""
    report_unavailable("queue", str(error))
    raise UnavailableError


@router.exception_handler(UnavailableError)
async def unavailable_already(error: UnavailableError) -> None:
    """Count a handler's own UnavailableError as well."""
    report_unavailable("service", type(error).__name__)
    raise error


@router.exception_handler(FrameTooLargeError)
async def too_large() -> None:
    """Refuse a message whose frame would be too large on its way out."""
    raise TooLargeError
