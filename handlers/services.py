"""The composition root: settings in, everything a handler may ask for out."""

from dataclasses import dataclass

from connection_store import ConnectionManager
from publisher import ApiGateway, Gateway

from .delivery import Courier
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers receive by type."""

    settings: Settings
    connections: ConnectionManager
    gateway: Gateway
    courier: Courier


def build_services() -> Services:
    """Build them from the environment; nothing connects before its first call. Raises SettingsError."""
    settings = Settings.from_environment()
    connections = ConnectionManager(settings.table_name)
    gateway = ApiGateway(settings.management_endpoint, settings.region)
    return Services(settings, connections, gateway, Courier(gateway, connections))
