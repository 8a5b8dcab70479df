"""The composition root: settings in, everything a handler may ask for out."""

from collections.abc import Mapping
from dataclasses import dataclass

from connection_store import ConnectionManager, Frames, History, Presence, Subscriptions, Table
from publisher import ApiGateway, Queue, SendBudget, SliceQueue

from .attendance import Attendance
from .audience import Audience
from .backlog import Backlog
from .broadcasting import Broadcaster
from .channels import Channels
from .delivery import Courier
from .namespaces import NAMESPACES, Namespace
from .publications import Publications
from .relay import Relay
from .settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers receive by type."""

    settings: Settings
    connections: ConnectionManager
    courier: Courier
    broadcaster: Broadcaster
    channels: Channels
    publications: Publications
    attendance: Attendance


def build_services(settings: Settings | None = None) -> Services:
    """Build them from the environment; nothing connects before its first call. Raises SettingsError."""
    settings = settings or Settings.from_environment()
    table = Table(settings.table_name)
    gateway = ApiGateway(settings.management_endpoint, settings.region)
    courier = Courier(gateway, ConnectionManager(table=table), SendBudget(settings.send_budget))
    queue = SliceQueue(settings.queue_url) if settings.queue_url else None
    return join_services(settings, table, courier, queue)


def join_services(
    settings: Settings,
    table: Table,
    courier: Courier,
    queue: Queue | None,
    namespaces: Mapping[str, Namespace] = NAMESPACES,
) -> Services:
    """Build them on what connects to the outside."""
    connections, subscriptions, history = ConnectionManager(table=table), Subscriptions(table), History(table)
    backlog = Backlog(Frames(table), queue) if queue else None
    audience = Audience(subscriptions, courier, backlog, settings.inline_recipients)
    attendance = Attendance(connections, audience, courier, namespaces)
    return Services(
        settings=settings,
        connections=connections,
        courier=courier,
        broadcaster=Broadcaster(connections, courier, backlog, settings.inline_recipients),
        channels=Channels(subscriptions, history, Presence(table), attendance, namespaces),
        publications=Publications(subscriptions, history, audience, namespaces),
        attendance=attendance,
    )


def build_relay(settings: Settings) -> Relay:
    """Build what the queue's worker needs, with its share of the send budget. Raises SettingsError."""
    if settings.queue_url is None:
        raise SettingsError("environment variable FANOUT_QUEUE_URL: Field required")
    table = Table(settings.table_name)
    connections = ConnectionManager(table=table)
    gateway = ApiGateway(settings.management_endpoint, settings.region)
    courier = Courier(gateway, connections, SendBudget(settings.send_budget / settings.fanout_concurrency))
    queue = SliceQueue(settings.queue_url)
    return Relay(connections, Subscriptions(table), courier, Frames(table), queue, gateway)
