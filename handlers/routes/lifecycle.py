"""The chat's own part of `$connect`. The framework keeps the connection itself."""

from signalbox import ConnectEvent, ForbiddenError, Router

RESERVED_NAMES = {"server"}
"""Names that the backend's own messages carry."""

router = Router()


@router.on_connect()
async def refuse_reserved_names(event: ConnectEvent) -> None:
    """Refuse a client that would look like the backend."""
    if event.query.get("name", "").strip().casefold() in RESERVED_NAMES:
        raise ForbiddenError("a reserved name")
