"""Around every handler, outermost first: time, log, limits, identity, counting, authorization."""

from dataclasses import replace
from typing import Any

from connection_store import Connection, ConnectionGoneError, time_budget
from signalbox.identity.claims import new_guest
from signalbox.identity.principal import Principal, current_principal
from signalbox.observability import flush_metrics, logger
from signalbox.resolver import (
    ConnectEvent,
    Context,
    DisconnectEvent,
    MessageEvent,
    Middleware,
    Next,
    RateLimitedError,
    UnauthorizedError,
)

from .attributes import asks_for_attributes
from .context import current_connection, enter_tenant, keep_attributes, keep_connection, tenant_services
from .services import TenantServices

QUIET = {"ping"}
"""Messages too frequent to log at INFO."""


def framework_middlewares(services: TenantServices) -> list[Middleware]:
    """Return the framework's middlewares, outermost first."""
    provide = provide_services(services)
    return [provide, keep_time, log, limit_messages, identify, count_messages, authorize]


def provide_services(services: TenantServices) -> Middleware:
    """Return the middleware that gives every event the framework's services."""

    async def provide(context: Context, call_next: Next) -> Any:
        enter_tenant(context, services)
        return await call_next(context)

    return provide


async def keep_time(context: Context, call_next: Next) -> Any:
    """Keep every call of the store within the invocation.

    The time kept for the answer counts: in it, recipients that were not reached are queued (F14).
    """
    with time_budget(context.get_remaining_time_in_millis() / 1_000):
        return await call_next(context)


async def log(context: Context, call_next: Next) -> Any:
    """Write one line an event: caller, route, outcome. Never contents, tokens or query strings.

    A refusal or a failure is a WARNING, an answered message in QUIET is DEBUG, the rest is INFO.
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


async def limit_messages(context: Context, call_next: Next) -> Any:
    """Refuse the messages of a connection that sends too many."""
    event = context.event
    if isinstance(event, MessageEvent):
        try:
            tenant_services(context).limits.count_here(event)
        except RateLimitedError:
            # `identify` has not run yet: the tenant is known from the event alone.
            services = tenant_services(context).of(event.authorizer.get("tenant", ""))
            await _close_abuser(services, context, event)
            raise
    return await call_next(context)


async def identify(context: Context, call_next: Next) -> Any:
    """Make sure of the caller: the authorizer's word or, without an authorizer, a guest's id and row.

    From here on the services are those of the caller's tenant.
    """
    event = context.event
    principal = Principal.from_context(event.authorizer) if event.authorizer else None
    if principal and principal.tenant:
        enter_tenant(context, tenant_services(context).of(principal.tenant))
    if isinstance(event, ConnectEvent):
        principal = principal or _admit_guest(context, event)
    if isinstance(event, MessageEvent):
        connection = await _read_connection(context)
        keep_connection(context, connection)
        principal = principal or Principal(connection.user_id or "", guest=True)
        if connection.roles is not None:  # they have changed since the authorizer was asked
            principal = replace(principal, roles=connection.roles)
    if principal:
        context.caller = principal
    return await call_next(context)


async def count_messages(context: Context, call_next: Next) -> Any:
    """Refuse messages above the limits that hold across sandboxes, and record that the connection lives."""
    event = context.event
    if isinstance(event, MessageEvent):
        services, connection = tenant_services(context), current_connection(context)
        try:
            await _count(services, context, connection)
        except RateLimitedError:
            await _close_abuser(services, context, event)
            raise
    return await call_next(context)


async def authorize(context: Context, call_next: Next) -> Any:
    """Refuse messages that the caller's roles do not allow (S05)."""
    route = context.route
    if isinstance(context.event, MessageEvent) and route is not None and route.allow is not None:
        tenant_services(context).policy.admit(current_principal(context), route.allow)
    return await call_next(context)


async def _count(services: TenantServices, context: Context, connection: Connection) -> None:
    now, route = context.event.requested_at, context.route
    if route is not None and not route.reads:
        await services.limits.count_exactly(context, connection, services.allowances)
    elif services.connections.needs_touch(connection, now):
        await _touch(services, connection.connection_id, now)
    if route is not None and route.rate is not None:
        user_id = context.caller.user_id
        if wait := await services.user_rates.take(user_id, context.route_key or "", route.rate, now=now):
            raise services.limits.refusal(wait)


async def _touch(services: TenantServices, connection_id: str, now: int) -> None:
    if not await services.connections.update_last_seen(connection_id, now=now):
        raise ConnectionGoneError(connection_id)


async def _close_abuser(services: TenantServices, context: Context, event: MessageEvent) -> None:
    if services.limits.is_abusive(event):
        await services.endings.evict(event.connection_id, "rate_limited", context.moment)


def _admit_guest(context: Context, event: ConnectEvent) -> Principal:
    if not tenant_services(context).settings.allow_guests:
        raise UnauthorizedError
    return new_guest(event)


async def _read_connection(context: Context) -> Connection:
    event, connections = context.event, tenant_services(context).connections
    wanted = asks_for_attributes(context)
    connection = await connections.get_connection(
        event.connection_id, with_client_data=wanted, now=event.requested_at
    )
    if connection is None:
        raise ConnectionGoneError(event.connection_id)
    if wanted:
        keep_attributes(context, connection.client_data)
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
