"""The composition root: settings in, everything a handler may ask for out."""

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
)
from signalbox.identity.aws_secrets import keep
from signalbox.identity.keys import Keyring
from signalbox.identity.signature import TicketVerifier
from signalbox.identity.tickets import Tickets
from signalbox.publisher import ApiGateway, Queue, SendBudget, SliceQueue

from .channels.channels import Channels
from .channels.publications import Publications
from .delivery.audience import Audience
from .delivery.backlog import Backlog
from .delivery.broadcasting import Broadcaster
from .delivery.delivery import Courier
from .delivery.relay import Relay
from .namespaces import NAMESPACES, Namespace
from .policy import Policy
from .presence.attendance import Attendance
from .sessions.limits import Limits
from .sessions.logins import Logins
from .sessions.sessions import Sessions
from .settings import Settings, SettingsError

TENANTS = 1_024
"""Of how many tenants a sandbox keeps the services at hand."""


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers receive by type: that of the caller's tenant, and `of` has those of the others.

    A tenant is a part of the table, and what is not in it does not exist for these services.
    """

    of: Callable[[str], Self]
    settings: Settings
    policy: Policy
    namespaces: Mapping[str, Namespace]
    connections: ConnectionManager
    courier: Courier
    audience: Audience
    broadcaster: Broadcaster
    channels: Channels
    publications: Publications
    attendance: Attendance
    sessions: Sessions
    logins: Logins
    limits: Limits
    allowances: Allowances


def build_services(settings: Settings | None = None) -> Services:
    """Build them from the environment; nothing connects before its first call. Raises SettingsError."""
    settings = settings or Settings.from_environment()
    table = Table(settings.table_name)
    gateway = ApiGateway(settings.management_endpoint, settings.region)
    budget = SendBudget(settings.send_budget)
    queue = SliceQueue(settings.queue_url) if settings.queue_url else None
    return join_services(settings, table, lambda connections: Courier(gateway, connections, budget), queue)


def join_services(
    settings: Settings,
    table: Table,
    courier_of: Callable[[ConnectionManager], Courier],
    queue: Queue | None,
    namespaces: Mapping[str, Namespace] = NAMESPACES,
    policy: Policy | None = None,
) -> Services:
    """Build them on what connects to the outside: those of nobody's tenant, "", and others as they come."""
    policy = policy or Policy(demo=settings.demo)
    limits = Limits(settings)
    secret = settings.ticket_secret
    tickets = Tickets(TicketVerifier(Keyring(keep(secret)))) if secret else None

    @lru_cache(TENANTS)
    def of(tenant: str) -> Services:
        connections = ConnectionManager(
            partition=tenant, connection_limit=settings.connection_limit, table=table
        )
        subscriptions, history = Subscriptions(table, tenant), History(table, tenant)
        courier = courier_of(connections)
        backlog = Backlog(QueuedBroadcasts(table, tenant), queue, tenant) if queue else None
        audience = Audience(subscriptions, courier, backlog, settings.inline_recipients)
        attendance = Attendance(
            connections, lambda other: of(other).audience, lambda other: of(other).courier, namespaces
        )
        presence = Presence(table, tenant)
        channels = Channels(subscriptions, history, presence, attendance, namespaces, policy)
        sessions = Sessions(connections, channels, courier)
        lifetimes = Lifetimes(table, tenant)
        return Services(
            of=of,
            settings=settings,
            policy=policy,
            namespaces=namespaces,
            connections=connections,
            courier=courier,
            audience=audience,
            broadcaster=Broadcaster(connections, courier, backlog, settings.inline_recipients),
            channels=channels,
            publications=Publications(subscriptions, history, audience, namespaces, policy),
            attendance=attendance,
            sessions=sessions,
            logins=Logins(connections, lifetimes, attendance, sessions, tickets, SpentTickets(table=table)),
            limits=limits,
            allowances=Allowances(table, tenant),
        )

    return of("")


def build_relays(settings: Settings) -> Callable[[str], Relay]:
    """Build what the queue's worker needs for a tenant, with its share of the send budget.

    Raises SettingsError.
    """
    if settings.queue_url is None:
        raise SettingsError("environment variable FANOUT_QUEUE_URL: Field required")
    table = Table(settings.table_name)
    gateway = ApiGateway(settings.management_endpoint, settings.region)
    budget = SendBudget(settings.send_budget / settings.fanout_concurrency)
    queue = SliceQueue(settings.queue_url)

    @lru_cache(TENANTS)
    def relay_of(tenant: str) -> Relay:
        connections, frames = (
            ConnectionManager(partition=tenant, table=table),
            QueuedBroadcasts(table, tenant),
        )
        courier = Courier(gateway, connections, budget)
        return Relay(connections, Subscriptions(table, tenant), courier, frames, queue, gateway)

    return relay_of
