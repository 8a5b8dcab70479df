"""What can go wrong with the store. No text here ever holds anything of an item.

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
    """The root of the tree; itself raised for what the table refuses for reasons no caller can mend."""


class StoreBusyError(StoreError):
    """Throttled, unreachable, timed out, or the time budget is spent; a write may have been done or not."""


class UnseenError(StoreBusyError):
    """A publication cannot be read yet, though the channel's HEAD counts it."""


class TransactionConflictError(StoreError):
    """Other writers held the same rows, every time it was tried."""


class ConditionFailedError(StoreError):
    """A write's condition did not hold.

    `refusals` are the rows it was held against, by the write's position and as they were on the wire, None
    where there was no row; `records` are those of them that are still alive.
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
    """The connection would have more subscriptions than it may; it got none of those it asked for."""


class ConnectionLimitError(StoreError):
    """The user comes too often, or has as many connections as they may, none of which has fallen silent."""


class RevokedError(StoreError):
    """The user was logged out after the credentials were issued: only newer ones are good."""


class HistoryGoneError(StoreError):
    """The history a position belongs to is no more: the channel's epoch is another."""


class ItemTooLargeError(StoreError):
    """A row would pass DynamoDB's 400 KB."""


class TableMissingError(StoreError):
    """There is no such table, or it is still being made."""


class ForeignTableError(StoreError):
    """There is a table of that name, but its keys or its TTL attribute are not this store's."""


class AccessDeniedError(StoreError):
    """IAM does not allow an action on the table. The text names the action."""


class InvalidKeyError(StoreError, ValueError):
    """What no row's key can hold: empty, too long, or of characters that are not allowed."""


class InvalidCursorError(StoreError, ValueError):
    """Not a cursor this store gave out."""
