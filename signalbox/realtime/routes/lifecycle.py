"""Connections begin and end, and tell the client about themselves."""

import re
from collections.abc import Mapping
from typing import Any

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

from ..channels.channels import beat
from ..context import current_connection, tenant_services
from ..roles import EVERYONE

SUBPROTOCOL = "realtime.v1"
"""Browsers offer it beside `bearer.<token>`, which is never echoed: it would show their token."""

router = Router()


async def register(context: Context, event: ConnectEvent, client_data: Any = None) -> Accept | None:
    """Register a connection. A store that fails is a refusal: no client is connected without a row."""
    principal = current_principal(context)
    await tenant_services(context).connections.connect(
        event.connection_id,
        client_data,
        user_id=principal.user_id,
        name=_display_name(event.query),
        connected_at=event.connected_at,
        session_ends=principal.session_ends,
        issued_at=principal.issued_at,
        replaces=_instant(event.query.get("replaces", "")),
        now=event.requested_at,
    )
    count("Connected")
    return Accept(SUBPROTOCOL) if SUBPROTOCOL in event.subprotocols else None


async def unregister(context: Context, event: DisconnectEvent, on_end: Any = None) -> None:
    """End a connection. `$disconnect` may never come: rows expire, posts prune, and the sweep ends too."""
    await tenant_services(context).endings.end(event.connection_id, context.moment, on_end)
    count("Disconnected")


@router.on_default()
async def default(body: object) -> None:
    """Refuse a message with no known action. A body that is not JSON was refused while it was read."""
    raise UnknownRouteError if isinstance(body, dict) else BadRequestError


@router.on_message("ping", allow=EVERYONE, reads=True)
async def ping(message: Ping, context: Context) -> Pong:
    """Answer at once, or after reading the channels of which there are positions (F13)."""
    now = context.moment.now
    if message.positions is None:
        return Pong(time=now)
    reader = tenant_services(context).reader
    return Pong(time=now, behind=await reader.behind(current_principal(context), message.positions, now=now))


@router.on_message("hello", allow=EVERYONE, reads=True)
async def hello(message: Hello, context: Context) -> Welcome:
    """Tell the client its identity and its heartbeat. `$connect` itself never posts (F06)."""
    return Welcome(**_describe(context), beat=beat(current_connection(context).watched > 0))


@router.on_message("whoami", allow=EVERYONE, reads=True)
async def whoami(message: WhoAmI, context: Context) -> Identity:
    """Tell the client its identity, as others see it."""
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


def _display_name(query: Mapping[str, str]) -> str:
    name = query.get("name", "guest").strip()
    if not (1 <= len(name) <= NAME_LENGTH and name.isprintable()):
        raise BadRequestError
    return name
