"""Coming, going, and the messages about the connection itself."""

import re
from typing import Any

from connection_store import ConnectionManager
from signalbox.identity.principal import current_principal
from signalbox.observability import count
from signalbox.protocol import NAME_LENGTH, Hello, Identity, Ping, Pong, Welcome, WhoAmI
from signalbox.resolver import (
    Accept,
    BadRequestError,
    ConnectEvent,
    Context,
    DisconnectEvent,
    Router,
    UnknownRouteError,
)

from ..channels.channels import Channels, beat
from ..middleware import current_connection
from ..presence.attendance import Attendance

SUBPROTOCOL = "realtime.v1"
"""What browsers offer beside `bearer.<token>`, which is never echoed: it would name their token."""

router = Router()


@router.on_connect()
async def connect(event: ConnectEvent, context: Context, connections: ConnectionManager) -> Accept | None:
    """Register the connection; a store that cannot is a refusal, so nobody is connected without a row."""
    principal = current_principal(context)
    await connections.connect(
        event.connection_id,
        user_id=principal.user_id,
        name=_display_name(event.query.get("name", "guest")),
        connected_at=event.connected_at,
        session_ends=principal.session_ends,
        issued_at=principal.issued_at,
        replaces=_instant(event.query.get("replaces", "")),
        now=event.requested_at,
    )
    count("Connected")
    return Accept(SUBPROTOCOL) if SUBPROTOCOL in event.subprotocols else None


@router.on_disconnect()
async def disconnect(event: DisconnectEvent, context: Context, attendance: Attendance) -> None:
    """End the connection. API Gateway may never say so: rows also expire, posts prune, and the sweep ends."""
    await attendance.end_connection(event.connection_id, now=event.requested_at, time_left=context.time_left)
    count("Disconnected")


@router.on_default()
async def default(body: object) -> None:
    """Refuse what names no known action; what is not even JSON has been refused while reading `body`."""
    raise UnknownRouteError if isinstance(body, dict) else BadRequestError


@router.on_message("ping")
async def ping(message: Ping, context: Context, channels: Channels) -> Pong:
    """Answer at once; when there are positions, after reading where their channels are (F13)."""
    now = context.event.requested_at
    if message.positions is None:
        return Pong(time=now)
    behind = await channels.behind(current_principal(context), message.positions, now=now)
    return Pong(time=now, behind=behind)


@router.on_message("hello")
async def hello(message: Hello, context: Context) -> Welcome:
    """Tell the client who it is, and when to be heard of. `$connect` itself never posts (F06)."""
    connection = current_connection(context)
    return Welcome(**_describe(context), beat=beat(connection.watched > 0))


@router.on_message("whoami")
async def whoami(message: WhoAmI, context: Context) -> Identity:
    """Tell the client who it is to others."""
    return Identity(**_describe(context))


def _describe(context: Context) -> dict[str, Any]:
    connection = current_connection(context)
    return {
        "user_id": context.caller.user_id,
        "name": connection.name or "",
        "guest": current_principal(context).guest,
        "connected_at": connection.connected_at,
        "expires_at": connection.expires_at,
    }


def _instant(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else None


def _display_name(chosen: str) -> str:
    name = chosen.strip()
    if not (1 <= len(name) <= NAME_LENGTH and name.isprintable()):
        raise BadRequestError
    return name
