"""The state of a real-time backend in one DynamoDB table: who is connected, to what, and what was said."""

from .broadcasts import Counts, Frames, Progress, Step
from .budget import time_budget
from .connections import ConnectionManager
from .endings import Departure
from .errors import (
    ConnectionGoneError,
    ConnectionLimitError,
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
    Connection,
    Head,
    Page,
    Position,
    Publication,
    Subscriber,
    Subscription,
    UserConnection,
)
from .presence import Attendance, Attendee, Presence
from .subscriptions import Subscribed, Subscriptions
from .table import Table
from .tickets import SpentTickets

__all__ = [
    "Allowances",
    "Appended",
    "Attendance",
    "Attendee",
    "Channel",
    "Connection",
    "ConnectionGoneError",
    "ConnectionLimitError",
    "ConnectionManager",
    "Counts",
    "Departure",
    "Frames",
    "Head",
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
    "Progress",
    "Publication",
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
    "time_budget",
]
