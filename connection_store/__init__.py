"""The state of a real-time backend in one DynamoDB table: who is connected, as whom, and since when."""

from .budget import time_budget
from .connections import ConnectionManager
from .errors import (
    ConnectionGoneError,
    InvalidCursorError,
    InvalidKeyError,
    ItemTooLargeError,
    StoreBusyError,
    StoreError,
    TableMissingError,
    TransactionConflictError,
)
from .models import Connection, Page, UserConnection
from .table import Table

__all__ = [
    "Connection",
    "ConnectionGoneError",
    "ConnectionManager",
    "InvalidCursorError",
    "InvalidKeyError",
    "ItemTooLargeError",
    "Page",
    "StoreBusyError",
    "StoreError",
    "Table",
    "TableMissingError",
    "TransactionConflictError",
    "UserConnection",
    "time_budget",
]
