"""Keep the state of a real-time backend in one DynamoDB table: connections, channels and their history."""

from .broadcasts import Counts, Progress, QueuedBroadcasts, Step
from .connections import ConnectionManager
from .endings import EndedConnection
from .errors import (
    AccessDeniedError,
    ConnectionGoneError,
    ConnectionLimitError,
    ForeignTableError,
    HistoryGoneError,
    InvalidCursorError,
    InvalidKeyError,
    ItemTooLargeError,
    RevokedError,
    StoreBusyError,
    StoreError,
    SubscriptionLimitError,
    TableMissingError,
    TransactionConflictError,
)
from .history import Appended, History, HistoryPage, Recovery
from .lifetimes import Lifetimes
from .limits import Allowances, Rate
from .models import (
    Channel,
    ChannelHead,
    Connection,
    Page,
    Position,
    Publication,
    Subscriber,
    Subscription,
    UserConnection,
)
from .presence import Presence, PresenceList, PresentUser
from .subscriptions import Subscribed, Subscriptions
from .table import Table
from .tickets import SpentTickets
from .timing import time_budget
from .user_rates import UserRates

__all__ = [
    "AccessDeniedError",
    "Allowances",
    "Appended",
    "Channel",
    "ChannelHead",
    "Connection",
    "ConnectionGoneError",
    "ConnectionLimitError",
    "ConnectionManager",
    "Counts",
    "EndedConnection",
    "ForeignTableError",
    "History",
    "HistoryGoneError",
    "HistoryPage",
    "InvalidCursorError",
    "InvalidKeyError",
    "ItemTooLargeError",
    "Lifetimes",
    "Page",
    "Position",
    "Presence",
    "PresenceList",
    "PresentUser",
    "Progress",
    "Publication",
    "QueuedBroadcasts",
    "Rate",
    "Recovery",
    "RevokedError",
    "SpentTickets",
    "Step",
    "StoreBusyError",
    "StoreError",
    "Subscribed",
    "Subscriber",
    "Subscription",
    "SubscriptionLimitError",
    "Subscriptions",
    "Table",
    "TableMissingError",
    "TransactionConflictError",
    "UserConnection",
    "UserRates",
    "time_budget",
]
