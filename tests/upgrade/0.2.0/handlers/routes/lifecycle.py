"""The chat's own part of `$connect` and `$disconnect`. The framework keeps the connection itself."""

from aws_lambda_powertools.logging import Logger

from signalbox import ConnectEvent, DisconnectEvent, ForbiddenError, Router

RESERVED_NAMES = {"server"}
"""Names that the backend's own messages carry."""

router = Router()


@router.on_connect()
async def refuse_reserved_names(event: ConnectEvent) -> None:
    """Refuse a client that would look like the backend."""
    if event.query.get("name", "").strip().casefold() in RESERVED_NAMES:
        raise ForbiddenError("a reserved name")


@router.on_disconnect()
async def log_departure(event: DisconnectEvent, logger: Logger) -> None:
    """Log why a client left, at the level DEBUG."""
    logger.debug("left", extra={"connection_id": event.connection_id, "reason": event.reason})
