"""The framework's data of an event: the tenant's services, the connection, its attributes."""

from typing import Any

from connection_store import Connection
from signalbox.resolver import Context

from .services import TenantServices

_SERVICES, _CONNECTION, _ATTRIBUTES = "signalbox.services", "signalbox.connection", "signalbox.attributes"


def enter_tenant(context: Context, services: TenantServices) -> None:
    """Give an event the services of a tenant."""
    context.state[_SERVICES] = services


def tenant_services(context: Context) -> TenantServices:
    """Return the framework's services of the caller's tenant."""
    services: TenantServices = context.state[_SERVICES]
    return services


def keep_connection(context: Context, connection: Connection) -> None:
    """Keep the connection's row for the rest of the event."""
    context.state[_CONNECTION] = connection


def current_connection(context: Context) -> Connection:
    """Return the row of the connection that a message came over, as `identify` read it."""
    connection: Connection = context.state[_CONNECTION]
    return connection


def keep_attributes(context: Context, data: Any) -> None:
    """Keep the connection's attributes for the rest of the event, as the store has them."""
    context.state[_ATTRIBUTES] = data


def current_attributes(context: Context) -> Any:
    """Return the connection's attributes as the store has them, None without any."""
    return context.state.get(_ATTRIBUTES)
