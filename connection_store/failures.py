"""An engine's errors become the store's.

DynamoDB's texts may quote values, so none is passed on. The operation and the error's code say enough.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from signalbox.aws.answers import REFUSED_KEYS
from signalbox.aws.errors import THROTTLING_CODES

from .engine import EngineError, NoAnswerError, RequestRefusedError
from .errors import (
    AccessDeniedError,
    ConditionFailedError,
    ItemTooLargeError,
    StoreBusyError,
    StoreError,
    TableMissingError,
    TransactionConflictError,
)

SERVER_ERROR = 500

_BY_CODE: dict[str, type[StoreError]] = {
    **dict.fromkeys(THROTTLING_CODES, StoreBusyError),
    **dict.fromkeys(REFUSED_KEYS, AccessDeniedError),
    "AccessDenied": AccessDeniedError,
    "AccessDeniedException": AccessDeniedError,
    "ItemCollectionSizeLimitExceeded": ItemTooLargeError,
    "ItemCollectionSizeLimitExceededException": ItemTooLargeError,
    "ResourceNotFoundException": TableMissingError,
    "TransactionConflict": TransactionConflictError,
    "TransactionConflictException": TransactionConflictError,
    "TransactionInProgressException": StoreBusyError,
}


def translate(operation: str, error: EngineError) -> StoreError:
    """Return the store's error for one of an engine's."""
    if isinstance(error, RequestRefusedError):
        return _refused(operation, error)
    kind = StoreBusyError if isinstance(error, NoAnswerError) else StoreError
    return kind(f"{operation}: {error}")


def _refused(operation: str, error: RequestRefusedError) -> StoreError:
    text = f"{operation}: {error.code}"
    if error.code == "ConditionalCheckFailedException":
        return ConditionFailedError(text, {0: error.item})
    if error.code == "TransactionCanceledException":
        return _cancelled(text, error.reasons)
    if error.status >= SERVER_ERROR:
        return StoreBusyError(text)
    return _kind(error.code, error.message)(text)


def _cancelled(text: str, reasons: Sequence[Mapping[str, Any]]) -> StoreError:
    failed = {
        n: reason.get("Item")
        for n, reason in enumerate(reasons)
        if reason["Code"] == "ConditionalCheckFailed"
    }
    # A condition that did not hold is final, even beside other failures. A conflict may pass.
    if failed:
        return ConditionFailedError(f"{text} (ConditionalCheckFailed)", failed)
    kinds = {
        _kind(reason["Code"], reason.get("Message")): reason["Code"]
        for reason in reasons
        if reason["Code"] != "None"
    }
    for kind in (ItemTooLargeError, TransactionConflictError, StoreBusyError):
        if kind in kinds:
            return kind(f"{text} ({kinds[kind]})")
    return StoreError(f"{text} ({', '.join(kinds.values())})")


def _kind(code: str, message: str | None) -> type[StoreError]:
    # ValidationException when alone, ValidationError in a transaction: only the text tells the size from the
    # rest.
    if "Item size" in (message or ""):
        return ItemTooLargeError
    return _BY_CODE.get(code, StoreError)
