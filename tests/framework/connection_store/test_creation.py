from typing import Any

import pytest

from connection_store import StoreBusyError, StoreError
from tests.contract.faults import Clock, refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Script

ACTIVE = {"Table": {"TableStatus": "ACTIVE"}}
CREATING = {"Table": {"TableStatus": "CREATING"}}
MISSING = refusal("ResourceNotFoundException")
ENABLED = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}}
ENABLING = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLING"}}
DISABLED = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ((ACTIVE, ACTIVE, ENABLED), "DescribeTable DescribeTable DescribeTimeToLive"),
        ((ACTIVE, ACTIVE, ENABLING), "DescribeTable DescribeTable DescribeTimeToLive"),
        (
            (ACTIVE, ACTIVE, DISABLED, {}),
            "DescribeTable DescribeTable DescribeTimeToLive UpdateTimeToLive",
        ),
        (
            (MISSING, {}, MISSING, CREATING, ACTIVE, DISABLED, {}),
            "DescribeTable CreateTable DescribeTable DescribeTable DescribeTable"
            " DescribeTimeToLive UpdateTimeToLive",
        ),
        (
            (MISSING, refusal("ResourceInUseException"), CREATING, ACTIVE, ENABLED),
            "DescribeTable CreateTable DescribeTable DescribeTable DescribeTimeToLive",
        ),
        (
            (ACTIVE, ACTIVE, DISABLED, refusal("ValidationException"), ENABLED),
            "DescribeTable DescribeTable DescribeTimeToLive UpdateTimeToLive DescribeTimeToLive",
        ),
    ],
)
async def test_table_is_made_as_far_as_it_is_not_there(
    make_table: MakeTable, answers: tuple[Any, ...], asked: str
) -> None:
    script = Script(*answers)
    await make_table(engine=script).create()
    assert " ".join(operation for operation, _ in script.requests) == asked


async def test_failure_is_raised_when_the_table_cannot_be_made(make_table: MakeTable) -> None:
    with pytest.raises(StoreError, match="CreateTable: AccessDenied"):
        await make_table(MISSING, refusal("AccessDeniedException"), MISSING).create()


async def test_waiting_ends_when_the_table_never_becomes_active(make_table: MakeTable, clock: Clock) -> None:
    with pytest.raises(StoreBusyError, match="not active"):
        await make_table(CREATING).create()
    assert 59 < sum(clock.pauses) < 61
