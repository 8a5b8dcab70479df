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
        ((ACTIVE, ACTIVE, ENABLED), "describe_table describe_table describe_time_to_live"),
        ((ACTIVE, ACTIVE, ENABLING), "describe_table describe_table describe_time_to_live"),
        (
            (ACTIVE, ACTIVE, DISABLED, {}),
            "describe_table describe_table describe_time_to_live update_time_to_live",
        ),
        (
            (MISSING, {}, MISSING, CREATING, ACTIVE, DISABLED, {}),
            "describe_table create_table describe_table describe_table describe_table"
            " describe_time_to_live update_time_to_live",
        ),
        (
            (MISSING, refusal("ResourceInUseException"), CREATING, ACTIVE, ENABLED),
            "describe_table create_table describe_table describe_table describe_time_to_live",
        ),
        (
            (ACTIVE, ACTIVE, DISABLED, refusal("ValidationException"), ENABLED),
            "describe_table describe_table describe_time_to_live update_time_to_live describe_time_to_live",
        ),
    ],
)
async def test_table_is_made_as_far_as_it_is_not_there(
    make_table: MakeTable, answers: tuple[Any, ...], asked: str
) -> None:
    script = Script(*answers)
    await make_table(client=script).create()
    assert " ".join(operation for operation, _ in script.requests) == asked


async def test_failure_is_raised_when_the_table_cannot_be_made(make_table: MakeTable) -> None:
    with pytest.raises(StoreError, match="create_table: AccessDenied"):
        await make_table(MISSING, refusal("AccessDeniedException"), MISSING).create()


async def test_waiting_ends_when_the_table_never_becomes_active(make_table: MakeTable, clock: Clock) -> None:
    with pytest.raises(StoreBusyError, match="not active"):
        await make_table(CREATING).create()
    assert 59 < sum(clock.pauses) < 61
