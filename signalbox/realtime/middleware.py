"""What happens around every handler, outermost first: time, log, limits, identity, policy."""

from dataclasses import replace
from typing import Any

from connection_store import Connection, ConnectionGoneError, ConnectionManager, time_budget
from signalbox.identity.claims import new_guest
from signalbox.identity.principal import Principal, current_principal
from signalbox.observability import flush_metrics, logger
from signalbox.resolver import ConnectEvent, Context, DisconnectEvent, MessageEvent, Next, UnauthorizedError

from .policy import Policy

QUIET = {"ping"}
"""Messages too frequent to log at INFO."""


async def keep_time(context: Context, call_next: Next) -> Any:
    """Keep every call of the store within the invocation.

    The time kept for the answer counts: in it, whom a delivery did not reach is left to the workers (F14).
    """
    with time_budget(context.get_remaining_time_in_millis() / 1_000):
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
    """Make sure of the caller: the authorizer's word or, where none is asked, a guest's id and its row.

    From here on the services are those of the caller's tenant.
    """
    event = context.event
    principal = Principal.from_context(event.authorizer) if event.authorizer else None
    if principal and principal.tenant:
        context.services = context.services.of(principal.tenant)
    if isinstance(event, ConnectEvent):
        principal = principal or _admit_guest(context, event)
    if isinstance(event, MessageEvent):
        connection = await _connection(context)
        context.state["connection"] = connection
        principal = principal or Principal(connection.user_id or "", guest=True)
        if connection.roles is not None:  # they have changed since the authorizer was asked
            principal = replace(principal, roles=connection.roles)
    if principal:
        context.caller = principal
    return await call_next(context)


async def authorize(context: Context, call_next: Next) -> Any:
    """Refuse messages that `policy` does not let the caller send (S05)."""
    key = context.route_key
    if isinstance(context.event, MessageEvent) and key and not key.startswith("$"):
        policy: Policy = context.services.policy
        policy.admit(current_principal(context), key)
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
        if tenant := getattr(context.caller, "tenant", ""):
            described["tenant"] = tenant
    return described
