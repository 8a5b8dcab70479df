"""botocore's errors become ours. Imported with the client, because botocore is slow to import.

botocore's texts may quote values, so none of them is passed on: an operation and AWS's code say what
happened.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as UnreachableError

from .errors import (
    ConditionFailedError,
    ItemTooLargeError,
    StoreBusyError,
    StoreError,
    TableMissingError,
    TransactionConflictError,
)

RAISED = (BotoCoreError, ClientError)
"""Whatever a client's method raises."""

SERVER_ERROR = 500

_BY_CODE: dict[str, type[StoreError]] = {
    "ItemCollectionSizeLimitExceeded": ItemTooLargeError,
    "ItemCollectionSizeLimitExceededException": ItemTooLargeError,
    "LimitExceededException": StoreBusyError,
    "ProvisionedThroughputExceeded": StoreBusyError,
    "ProvisionedThroughputExceededException": StoreBusyError,
    "RequestLimitExceeded": StoreBusyError,
    "ResourceNotFoundException": TableMissingError,
    "ThrottlingError": StoreBusyError,
    "ThrottlingException": StoreBusyError,
    "TransactionConflict": TransactionConflictError,
    "TransactionConflictException": TransactionConflictError,
    "TransactionInProgressException": StoreBusyError,
}


def answer_of(error: BotoCoreError | ClientError) -> Mapping[str, Any] | None:
    """Return what AWS answered, or None if nothing arrived."""
    return error.response if isinstance(error, ClientError) else None


def translate(operation: str, error: BotoCoreError | ClientError) -> StoreError:
    """Return ours for one of botocore's."""
    if isinstance(error, ClientError):
        return _refused(operation, error.response)
    kind = StoreBusyError if isinstance(error, UnreachableError | HTTPClientError) else StoreError
    return kind(f"{operation}: {type(error).__name__}")


def _refused(operation: str, answer: Mapping[str, Any]) -> StoreError:
    code = answer["Error"]["Code"]
    text = f"{operation}: {code}"
    if code == "ConditionalCheckFailedException":
        return ConditionFailedError(text, {0: answer.get("Item")})
    if code == "TransactionCanceledException":
        return _cancelled(text, answer.get("CancellationReasons", ()))
    if answer["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR:
        return StoreBusyError(text)
    return _kind(answer["Error"])(text)


def _cancelled(text: str, reasons: Sequence[Mapping[str, Any]]) -> StoreError:
    failed = {
        n: reason.get("Item")
        for n, reason in enumerate(reasons)
        if reason["Code"] == "ConditionalCheckFailed"
    }
    # A condition that did not hold is final, whatever else happened to the other writes; a conflict may pass.
    if failed:
        return ConditionFailedError(f"{text} (ConditionalCheckFailed)", failed)
    kinds = {_kind(reason): reason["Code"] for reason in reasons if reason["Code"] != "None"}
    for kind in (ItemTooLargeError, TransactionConflictError, StoreBusyError):
        if kind in kinds:
            return kind(f"{text} ({kinds[kind]})")
    return StoreError(f"{text} ({', '.join(kinds.values())})")


def _kind(reason: Mapping[str, Any]) -> type[StoreError]:
    # ValidationException when alone, ValidationError in a transaction: only the text tells the size from the
    # rest.
    if "Item size" in (reason.get("Message") or ""):
        return ItemTooLargeError
    return _BY_CODE.get(reason["Code"], StoreError)
