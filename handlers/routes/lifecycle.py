"""Coming, going, and the messages about the connection itself."""

from connection_store import ConnectionManager
from resolver import (
    BadRequestError,
    Caller,
    ConnectEvent,
    Context,
    DisconnectEvent,
    MessageEvent,
    Router,
    UnknownRouteError,
)

from ..middleware import current_connection
from ..observability import count
from ..protocol import NAME_LENGTH, Identity, Ping, Pong, WhoAmI

router = Router()


@router.on_connect()
async def connect(event: ConnectEvent, caller: Caller, connections: ConnectionManager) -> None:
    """Register the connection; a store that cannot is a refusal, so nobody is connected without a row."""
    await connections.connect(
        event.connection_id,
        user_id=caller.user_id,
        name=_display_name(event.query.get("name", "guest")),
        connected_at=event.connected_at,
        now=event.requested_at,
    )
    count("Connected")


@router.on_disconnect()
async def disconnect(event: DisconnectEvent, connections: ConnectionManager) -> None:
    """Forget the connection. API Gateway may never say so: rows also expire, and failed posts prune them."""
    await connections.disconnect(event.connection_id, now=event.requested_at)
    count("Disconnected")


@router.on_default()
async def default(body: object) -> None:
    """Refuse what names no known action; what is not even JSON has been refused while reading `body`."""
    raise UnknownRouteError if isinstance(body, dict) else BadRequestError


@router.on_message("ping")
async def ping(message: Ping, event: MessageEvent) -> Pong:
    """Answer at once."""
    return Pong(time=event.requested_at)


@router.on_message("whoami")
async def whoami(message: WhoAmI, context: Context) -> Identity:
    """Tell the client who it is to others."""
    connection = current_connection(context)
    return Identity(
        user_id=context.caller.user_id,
        name=connection.name or "",
        guest=not context.event.authorizer,
        connected_at=connection.connected_at,
        expires_at=connection.expires_at,
    )


def _display_name(chosen: str) -> str:
    name = chosen.strip()
    if not (1 <= len(name) <= NAME_LENGTH and name.isprintable()):
        raise BadRequestError
    return name
