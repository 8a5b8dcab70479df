"""What happens around every handler, outermost first: time, log, identity, last-seen."""

from typing import Any

from connection_store import Connection, ConnectionGoneError, ConnectionManager, time_budget
from resolver import ConnectEvent, Context, DisconnectEvent, MessageEvent, Next, UnauthorizedError

from .identity.claims import new_guest
from .identity.principal import Principal
from .observability import flush_metrics, logger

QUIET = {"ping"}
"""Messages too frequent to log at INFO."""


async def keep_time(context: Context, call_next: Next) -> Any:
    """Keep every call of the store within what is left of the invocation."""
    with time_budget(context.time_left()):
        return await call_next(context)


async def log(context: Context, call_next: Next) -> Any:
    """Write one line an event: who, what, how it ended. Never contents, tokens or query strings.

    What was refused or failed is a WARNING, a message in QUIET that was answered is DEBUG, the rest is INFO.
    """
    logger.set_correlation_id(context.request_id)
    outcome = "ok"
    try:
        return await call_next(context)
    except BaseException as error:
        outcome = getattr(error, "code", type(error).__name__)
        raise
    finally:
        answered = logger.debug if context.route_key in QUIET else logger.info
        write = answered if outcome == "ok" else logger.warning
        write("event", extra={**_description(context), "outcome": outcome})
        flush_metrics()


async def identify(context: Context, call_next: Next) -> Any:
    """Make sure of the caller: the authorizer's word or, where none is asked, a guest's id and its row."""
    event = context.event
    if event.authorizer:
        context.caller = Principal.from_context(event.authorizer)
    elif isinstance(event, ConnectEvent):
        context.caller = _admit_guest(context, event)
    if isinstance(event, MessageEvent):
        connection = await _connection(context)
        context.state["connection"] = connection
        if not event.authorizer:
            context.caller = Principal(connection.user_id or "", guest=True)
    return await call_next(context)


async def keep_last_seen(context: Context, call_next: Next) -> Any:
    """Record that the connection lives, at most once in the store's interval."""
    if isinstance(context.event, MessageEvent):
        connections: ConnectionManager = context.services.connections
        now = context.event.requested_at
        if connections.needs_touch(current_connection(context), now):
            await connections.update_last_seen(context.event.connection_id, now=now)
    return await call_next(context)


def current_connection(context: Context) -> Connection:
    """The row of the connection a message came over, as `identify` read it."""
    connection: Connection = context.state["connection"]
    return connection


def _admit_guest(context: Context, event: ConnectEvent) -> Principal:
    if not context.services.settings.allow_guests:
        raise UnauthorizedError
    return new_guest(event)


async def _connection(context: Context) -> Connection:
    event = context.event
    connections: ConnectionManager = context.services.connections
    connection = await connections.get_connection(event.connection_id, now=event.requested_at)
    if connection is None:
        raise ConnectionGoneError(event.connection_id)
    return connection


def _description(context: Context) -> dict[str, Any]:
    event = context.event
    described: dict[str, Any] = {
        "route": context.route_key or event.route_key,
        "connection_id": event.connection_id,
        "source_ip": event.source_ip,
    }
    if isinstance(event, DisconnectEvent):
        described["close_code"] = event.code
    elif context.identified:
        described["user_id"] = context.caller.user_id
    return described
