"""The errors the engine answers with, under DynamoDB's own names."""

from collections.abc import Mapping, Sequence
from typing import Any

from connection_store.engine import RequestRefusedError

Reason = Mapping[str, Any]
"""Why one item of a transaction was refused: its `Code`, and perhaps `Message` and `Item`."""


class UpdateRefusedError(RequestRefusedError):
    """An update that does not fit the item: a ValidationException, and inside a transaction a reason."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def invalid(message: str) -> RequestRefusedError:
    """Return the error for a request that is malformed, over a limit, or unknown to this engine."""
    return RequestRefusedError("ValidationException", message)


def missing_table(name: str) -> RequestRefusedError:
    """Return the error for a request to a table that does not exist."""
    return RequestRefusedError("ResourceNotFoundException", f"there is no table {name!r}")


def table_exists(name: str) -> RequestRefusedError:
    """Return the error for CreateTable where the table exists."""
    return RequestRefusedError("ResourceInUseException", f"there is a table {name!r} already")


def condition_failed(item: Mapping[str, Any] | None) -> RequestRefusedError:
    """Return the error for a condition that did not hold, with the item if the request asked for it."""
    return RequestRefusedError("ConditionalCheckFailedException", "the condition did not hold", item=item)


def cancelled(reasons: Sequence[Reason]) -> RequestRefusedError:
    """Return the error for a transaction that was not done."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    return RequestRefusedError("TransactionCanceledException", f"cancelled: {codes}", reasons=reasons)


def token_reused() -> RequestRefusedError:
    """Return the error for an idempotency token that came with another transaction before."""
    return RequestRefusedError("IdempotentParameterMismatchException", "the token had another transaction")
