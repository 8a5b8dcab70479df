"""Errors of an engine become errors of the store.

Covers connection_store.errors and connection_store.failures.
"""

import traceback
from typing import Any

import pytest

from connection_store import (
    AccessDeniedError,
    ItemTooLargeError,
    StoreBusyError,
    StoreError,
    TableMissingError,
    TransactionConflictError,
)
from connection_store.engine import EngineError, NoAnswerError, RequestRefusedError
from connection_store.errors import ConditionFailedError
from connection_store.failures import translate
from connection_store.schema import Key
from tests.contract.faults import refusal
from tests.framework.connection_store.conftest import MakeTable


def cancelled(*codes: str, message: str = "") -> RequestRefusedError:
    reasons = [{"Code": code, "Message": message} for code in codes]
    return refusal("TransactionCanceledException", reasons=reasons)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NoAnswerError("EndpointConnectionError", sent=False), StoreBusyError),
        (NoAnswerError("ReadTimeoutError"), StoreBusyError),
        (EngineError("NoCredentialsError"), StoreError),
        (refusal("ProvisionedThroughputExceededException"), StoreBusyError),
        (refusal("ThrottlingException"), StoreBusyError),
        (refusal("RequestLimitExceeded"), StoreBusyError),
        (refusal("LimitExceededException"), StoreBusyError),
        (refusal("TransactionInProgressException"), StoreBusyError),
        (refusal("InternalServerError", status=500), StoreBusyError),
        (refusal("502", status=502), StoreBusyError),
        (refusal("ResourceNotFoundException"), TableMissingError),
        (refusal("TransactionConflictException"), TransactionConflictError),
        (refusal("ConditionalCheckFailedException"), ConditionFailedError),
        (refusal("ValidationException", message="Item size has exceeded the maximum"), ItemTooLargeError),
        (refusal("ValidationException", message="canary"), StoreError),
        (refusal("AccessDeniedException"), AccessDeniedError),
        (refusal("ItemCollectionSizeLimitExceededException"), ItemTooLargeError),
        (cancelled("None", "ConditionalCheckFailed"), ConditionFailedError),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), ConditionFailedError),
        (cancelled("TransactionConflict", "None"), TransactionConflictError),
        (cancelled("ThrottlingError", "TransactionConflict"), TransactionConflictError),
        (cancelled("ThrottlingError", "None"), StoreBusyError),
        (cancelled("ProvisionedThroughputExceeded"), StoreBusyError),
        (cancelled("ItemCollectionSizeLimitExceeded"), ItemTooLargeError),
        (cancelled("ValidationError", message="Item size to update has exceeded"), ItemTooLargeError),
        (cancelled("None", "ValidationError", message="canary"), StoreError),
        (cancelled("None", "DuplicateItem"), StoreError),
        (cancelled(), StoreError),
    ],
)
def test_error_becomes_ours_and_says_nothing_of_contents(error: EngineError, kind: type[StoreError]) -> None:
    ours = translate("PutItem", error)
    assert type(ours) is kind
    assert str(ours).startswith("PutItem: ")
    assert "canary" not in str(ours)


def test_refusing_rows_are_kept_by_position_when_conditions_fail() -> None:
    old = {"pk": {"S": "user#ann"}}
    reasons = [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Item": old},
        {"Code": "ConditionalCheckFailed"},
    ]
    error = translate("write", refusal("TransactionCanceledException", reasons=reasons))
    assert isinstance(error, ConditionFailedError)
    assert error.refusals == {1: old, 2: None}
    assert "ann" not in str(error) + repr(error)


@pytest.mark.parametrize(
    "error",
    [
        refusal("ValidationException", message="canary"),
        refusal("ConditionalCheckFailedException", item={"data": {"S": "canary"}}),
    ],
)
async def test_no_contents_are_in_the_traceback_when_it_is_logged(make_table: MakeTable, error: Any) -> None:
    with pytest.raises(StoreError) as raised:
        await make_table(error).get(Key("user#ann", "@"), now=0)
    assert "canary" not in "".join(traceback.format_exception(raised.value))
