"""The composition root: settings in, everything that the built-in messages need out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from connection_store import (
    Allowances,
    ConnectionManager,
    History,
    Lifetimes,
    Presence,
    QueuedBroadcasts,
    SpentTickets,
    Subscriptions,
    Table,
    UserRates,
)
from signalbox.identity.aws_secrets import secret_source
from signalbox.identity.keys import KeyCache
from signalbox.identity.signature import TicketVerifier
from signalbox.identity.tickets import Tickets
from signalbox.publisher import ApiGateway, Gateway, Queue, SendBudget, SliceQueue
from signalbox.settings import SettingsError

from .channels.channels import Channels
from .channels.publications import Publications
from .channels.reading import ChannelReader
from .delivery.broadcast import Broadcaster
from .delivery.channel import ChannelDelivery
from .delivery.delivery import RANDOM, Delivery
from .delivery.queue import DeliveryQueue
from .delivery.worker import BroadcastWorker
from .namespaces import Namespaces
from .policy import RECIPIENTS, Policy
from .presence.announcements import Announcements
from .presence.listing import PresenceReader
from .roles import Roles
from .sessions.endings import Endings, OnEnd, ignore_end
from .sessions.limits import Limits
from .sessions.logins import Logins
from .sessions.role_changes import RoleChanges
from .settings import RealtimeSettings

TENANTS = 1_024
"""Tenants whose services a sandbox keeps."""


@dataclass(frozen=True, slots=True)
class Connectors:
    """The connections to the outside: the table, `@connections`, the queue and the send budget."""

    table: Table
    gateway: Gateway
    queue: Queue | None = None
    budget: SendBudget | None = None


@dataclass(frozen=True, slots=True)
class TenantServices:
    """The services of one tenant; `of` returns those of another.

    A tenant is a part of the table. Rows outside it do not exist for these services.
    """

    of: Callable[[str], Self]
    settings: RealtimeSettings
    policy: Policy
    namespaces: Namespaces
    connections: ConnectionManager
    delivery: Delivery
    channel_delivery: ChannelDelivery
    broadcaster: Broadcaster
    channels: Channels
    reader: ChannelReader
    presence: PresenceReader
    publications: Publications
    endings: Endings
    role_changes: RoleChanges
    logins: Logins
    limits: Limits
    allowances: Allowances
    user_rates: UserRates


def connect(settings: RealtimeSettings, budget: SendBudget | None = None) -> Connectors:
    """Return the connectors that the settings name. Nothing connects before its first call.

    `budget` is this process's share of the send budget; by default it is all of it.
    """
    queue = SliceQueue(settings.queue_url) if settings.queue_url else None
    gateway = ApiGateway(settings.management_endpoint, settings.region)
    budget = budget or SendBudget(settings.send_budget)
    return Connectors(Table(settings.table_name), gateway, queue, budget)


def build_services(
    settings: RealtimeSettings,
    connectors: Connectors,
    namespaces: Namespaces,
    recipients: Mapping[str, Roles] = RECIPIENTS,
    *,
    on_end: OnEnd | None = None,
    jitter: Callable[[], float] = RANDOM.random,
) -> TenantServices:
    """Return the services of the nameless tenant, "". Others are built when they are asked for.

    `on_end` hears of every connection that ends. The rows of gone connections are then left to the sweep,
    which tells it. `jitter` (0 to 1) replaces the random pauses, for tests.
    """
    table, queue = connectors.table, connectors.queue
    policy = Policy(namespaces, recipients, demo=settings.demo)
    limits = Limits(settings, namespaces)
    secret = settings.ticket_secret
    tickets = Tickets(TicketVerifier(KeyCache(secret_source(secret)))) if secret else None

    @lru_cache(TENANTS)
    def of(tenant: str) -> TenantServices:
        connections = ConnectionManager(
            partition=tenant, connection_limit=settings.connection_limit, table=table
        )
        delivery = Delivery(
            connectors.gateway, connections, connectors.budget, jitter=jitter, keep_rows=on_end is not None
        )
        waiting = DeliveryQueue(QueuedBroadcasts(table, tenant), queue, tenant) if queue else None
        subscriptions, history = Subscriptions(table, tenant), History(table, tenant)
        channel_delivery = ChannelDelivery(subscriptions, delivery, waiting, settings.inline_recipients)
        announcements = Announcements(lambda other: of(other).channel_delivery, namespaces)
        endings = Endings(connections, announcements, lambda other: of(other).delivery, on_end or ignore_end)
        channels = Channels(subscriptions, history, announcements, policy)
        role_changes = RoleChanges(connections, channels, delivery)
        spent, lifetimes = SpentTickets(table=table), Lifetimes(table, tenant)
        return TenantServices(
            of=of,
            settings=settings,
            policy=policy,
            namespaces=namespaces,
            connections=connections,
            delivery=delivery,
            channel_delivery=channel_delivery,
            broadcaster=Broadcaster(connections, delivery, waiting, settings.inline_recipients),
            channels=channels,
            reader=ChannelReader(history, policy),
            presence=PresenceReader(Presence(table, tenant), policy),
            publications=Publications(subscriptions, history, channel_delivery, namespaces, policy),
            endings=endings,
            role_changes=role_changes,
            logins=Logins(connections, lifetimes, endings, role_changes, tickets, spent),
            limits=limits,
            allowances=Allowances(table, tenant),
            user_rates=UserRates(table, tenant),
        )

    return of("")


def build_workers(
    connectors: Connectors, *, keep_rows: bool = False, jitter: Callable[[], float] = RANDOM.random
) -> Callable[[str], BroadcastWorker]:
    """Return a function from a tenant to its worker. Raises SettingsError without a queue.

    With `keep_rows` the rows of gone connections are left to the sweep.
    """
    table, queue = connectors.table, connectors.queue
    if queue is None:
        raise SettingsError("environment variable FANOUT_QUEUE_URL: Field required")

    @lru_cache(TENANTS)
    def worker_of(tenant: str) -> BroadcastWorker:
        connections = ConnectionManager(partition=tenant, table=table)
        delivery = Delivery(
            connectors.gateway, connections, connectors.budget, jitter=jitter, keep_rows=keep_rows
        )
        broadcasts, subscriptions = QueuedBroadcasts(table, tenant), Subscriptions(table, tenant)
        return BroadcastWorker(connections, subscriptions, delivery, broadcasts, queue)

    return worker_of
