"""Keep the state of a real-time backend in one DynamoDB table: connections, channels and their history."""

from signalbox.lazy import loader

TYPE_CHECKING = False  # a type checker takes it for True

if TYPE_CHECKING:
    from .broadcasts import Counts as Counts
    from .broadcasts import Progress as Progress
    from .broadcasts import QueuedBroadcasts as QueuedBroadcasts
    from .broadcasts import Step as Step
    from .connections import ConnectionManager as ConnectionManager
    from .endings import EndedConnection as EndedConnection
    from .errors import AccessDeniedError as AccessDeniedError
    from .errors import ConnectionGoneError as ConnectionGoneError
    from .errors import ConnectionLimitError as ConnectionLimitError
    from .errors import ForeignTableError as ForeignTableError
    from .errors import HistoryGoneError as HistoryGoneError
    from .errors import InvalidCursorError as InvalidCursorError
    from .errors import InvalidKeyError as InvalidKeyError
    from .errors import ItemTooLargeError as ItemTooLargeError
    from .errors import RevokedError as RevokedError
    from .errors import StoreBusyError as StoreBusyError
    from .errors import StoreError as StoreError
    from .errors import SubscriptionLimitError as SubscriptionLimitError
    from .errors import TableMissingError as TableMissingError
    from .errors import TransactionConflictError as TransactionConflictError
    from .history import Appended as Appended
    from .history import History as History
    from .history import HistoryPage as HistoryPage
    from .history import Recovery as Recovery
    from .lifetimes import Lifetimes as Lifetimes
    from .limits import Allowances as Allowances
    from .limits import Rate as Rate
    from .models import Channel as Channel
    from .models import ChannelHead as ChannelHead
    from .models import Connection as Connection
    from .models import Page as Page
    from .models import Position as Position
    from .models import Publication as Publication
    from .models import Subscriber as Subscriber
    from .models import Subscription as Subscription
    from .models import UserConnection as UserConnection
    from .presence import Presence as Presence
    from .presence import PresenceList as PresenceList
    from .presence import PresentUser as PresentUser
    from .subscriptions import Subscribed as Subscribed
    from .subscriptions import Subscriptions as Subscriptions
    from .table import Table as Table
    from .tickets import SpentTickets as SpentTickets
    from .timing import time_budget as time_budget
    from .user_rates import UserRates as UserRates

_HOMES = {
    "Counts": ".broadcasts",
    "Progress": ".broadcasts",
    "QueuedBroadcasts": ".broadcasts",
    "Step": ".broadcasts",
    "ConnectionManager": ".connections",
    "EndedConnection": ".endings",
    "AccessDeniedError": ".errors",
    "ConnectionGoneError": ".errors",
    "ConnectionLimitError": ".errors",
    "ForeignTableError": ".errors",
    "HistoryGoneError": ".errors",
    "InvalidCursorError": ".errors",
    "InvalidKeyError": ".errors",
    "ItemTooLargeError": ".errors",
    "RevokedError": ".errors",
    "StoreBusyError": ".errors",
    "StoreError": ".errors",
    "SubscriptionLimitError": ".errors",
    "TableMissingError": ".errors",
    "TransactionConflictError": ".errors",
    "Appended": ".history",
    "History": ".history",
    "HistoryPage": ".history",
    "Recovery": ".history",
    "Lifetimes": ".lifetimes",
    "Allowances": ".limits",
    "Rate": ".limits",
    "Channel": ".models",
    "ChannelHead": ".models",
    "Connection": ".models",
    "Page": ".models",
    "Position": ".models",
    "Publication": ".models",
    "Subscriber": ".models",
    "Subscription": ".models",
    "UserConnection": ".models",
    "Presence": ".presence",
    "PresenceList": ".presence",
    "PresentUser": ".presence",
    "Subscribed": ".subscriptions",
    "Subscriptions": ".subscriptions",
    "Table": ".table",
    "SpentTickets": ".tickets",
    "time_budget": ".timing",
    "UserRates": ".user_rates",
}

__all__ = list(_HOMES)

__getattr__ = loader(__name__, _HOMES)
