"""What the application's own failures look like to a client.

The store knows nothing of frames and the resolver nothing of the store; here the two are joined:

RealtimeError (resolver)
└── ConnectionLostError   connection_gone, 410
"""

from connection_store import ConnectionGoneError, InvalidCursorError, StoreError, TransactionConflictError
from resolver import ConflictError, InvalidMessageError, RealtimeError, Router, UnavailableError

from .observability import logger


class ConnectionLostError(RealtimeError):
    """The server no longer knows this connection: connect again."""

    code = "connection_gone"
    status = 410
    retry = False


router = Router()


@router.exception_handler(ConnectionGoneError)
async def lost() -> None:
    """Tell a client whose row expired or was pruned that only a new connection helps."""
    raise ConnectionLostError


@router.exception_handler(InvalidCursorError)
async def wrong_cursor() -> None:
    """Say which field is wrong."""
    raise InvalidMessageError(fields=[{"field": "cursor", "problem": "invalid"}])


@router.exception_handler(TransactionConflictError)
async def conflict() -> None:
    """Somebody else wrote the same rows, three times over."""
    raise ConflictError


@router.exception_handler(StoreError)
async def unavailable(error: StoreError) -> None:
    """The table is throttled, unreachable or missing; nothing was acknowledged, so try again."""
    logger.error("store failure", extra={"error": type(error).__name__})
    raise UnavailableError
