"""Errors of the store. Their texts never contain data of an item.

StoreError
├── StoreBusyError             throttled, unreachable, timed out, no time left: a write's outcome is unknown
│   └── UnseenError            a publication cannot be read yet, though the channel's HEAD counts it
├── TransactionConflictError   other writers held the same rows, every time it was tried
├── ConditionFailedError       a write's condition did not hold (inside this package)
├── ConnectionGoneError        the connection has no row, or an expired one
├── SubscriptionLimitError     the connection would have more subscriptions than it may
├── ConnectionLimitError       the user would have more connections than they may
├── RevokedError               the user was logged out after the credentials were issued
├── HistoryGoneError           the history a position belongs to is no more
├── ItemTooLargeError          over DynamoDB's 400 KB
├── TableMissingError          there is no such table (yet)
├── ForeignTableError          there is a table of that name with other keys or another TTL attribute
├── AccessDeniedError          IAM does not allow an action on the table
├── InvalidKeyError            an id, a channel's name, a key or a prefix that no row's key can hold
└── InvalidCursorError         not a cursor this store gave out
"""

from typing import Any


class StoreError(Exception):
    """The root of the tree. It is raised itself for refusals that no caller can correct."""


class StoreBusyError(StoreError):
    """Throttled, unreachable, timed out, or out of time budget. A write may or may not have been done."""


class UnseenError(StoreBusyError):
    """A publication cannot be read yet, though the channel's HEAD counts it."""


class TransactionConflictError(StoreError):
    """Other writers held the same rows, every time it was tried."""


class ConditionFailedError(StoreError):
    """A write's condition did not hold.

    `refusals` are the rows that it was checked against, as they were on the wire, by the write's position.
    None means that there was no row. `records` are those of the rows that are still alive.
    """

    def __init__(self, text: str, refusals: dict[int, Any]) -> None:
        super().__init__(text)
        self.refusals = refusals
        self.records: dict[int, dict[str, Any]] = {}

    def is_gone(self, position: int) -> bool:
        """Tell whether the write at `position` was refused because there is no row that is alive."""
        return position in self.refusals and position not in self.records


class ConnectionGoneError(StoreError):
    """The connection has no row, or an expired one."""


class SubscriptionLimitError(StoreError):
    """The connection would have more subscriptions than it may. None of the requested ones was added."""


class ConnectionLimitError(StoreError):
    """The user comes too often, or has as many connections as they may, none of which has fallen silent."""


class RevokedError(StoreError):
    """The user was logged out after the credentials were issued. Only newer ones are accepted."""


class HistoryGoneError(StoreError):
    """The history that a position belongs to is gone, because the channel has a new epoch."""


class ItemTooLargeError(StoreError):
    """A row would pass DynamoDB's 400 KB."""


class TableMissingError(StoreError):
    """There is no such table, or it is still being made."""


class ForeignTableError(StoreError):
    """There is a table of that name, but its keys or its TTL attribute are not this store's."""


class AccessDeniedError(StoreError):
    """IAM does not allow an action on the table. The text names the action."""


class InvalidKeyError(StoreError, ValueError):
    """An id, name or key is no text, empty, too long, or has characters that are not allowed."""


class InvalidCursorError(StoreError, ValueError):
    """Not a cursor this store gave out."""
