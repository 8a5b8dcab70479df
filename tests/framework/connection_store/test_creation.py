from typing import Any

import pytest

from connection_store import ForeignTableError, StoreBusyError, StoreError
from connection_store.schema import definition
from tests.contract.faults import Clock, refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Script

KEYS = {name: definition("table")[name] for name in ("AttributeDefinitions", "KeySchema")}
ACTIVE = {"Table": {"TableStatus": "ACTIVE", **KEYS}}
CREATING = {"Table": {"TableStatus": "CREATING", **KEYS}}
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
    with pytest.raises(StoreBusyError):
        await make_table(CREATING).create()
    assert 29 < sum(clock.pauses) < 31


async def test_creating_has_thirty_seconds_when_calls_have_two(make_table: MakeTable, clock: Clock) -> None:
    with pytest.raises(StoreBusyError, match="DescribeTable"):
        await make_table(refusal("ThrottlingException"), budget=2).create()
    assert 29 < sum(clock.pauses) < 31


def keyed(*keys: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "Table": {
            "TableStatus": "ACTIVE",
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": kind} for name, _, kind in keys
            ],
            "KeySchema": [{"AttributeName": name, "KeyType": role} for name, role, _ in keys],
        }
    }


OURS = "pk HASH S, sk RANGE S"


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([("order_id", "HASH", "S")], "order_id HASH S"),
        ([("pk", "HASH", "S")], "pk HASH S"),
        ([("pk", "HASH", "S"), ("at", "RANGE", "S")], "pk HASH S, at RANGE S"),
        ([("pk", "HASH", "S"), ("sk", "RANGE", "N")], "pk HASH S, sk RANGE N"),
        ([("sk", "HASH", "S"), ("pk", "RANGE", "S")], "sk HASH S, pk RANGE S"),
    ],
)
async def test_table_is_refused_and_left_alone_when_its_keys_are_others(
    make_table: MakeTable, keys: list[tuple[str, str, str]], found: str
) -> None:
    script = Script(keyed(*keys))
    with pytest.raises(ForeignTableError, match=f"'table' has the keys {found}, but .* needs {OURS}"):
        await make_table(engine=script).create()
    assert [operation for operation, _ in script.requests] == ["DescribeTable"]


@pytest.mark.parametrize("status", ["ENABLED", "ENABLING", "DISABLING"])
async def test_table_is_refused_and_left_alone_when_its_ttl_is_on_another_attribute(
    make_table: MakeTable, status: str
) -> None:
    ttl = {"TimeToLiveStatus": status, "AttributeName": "valid_until"}
    script = Script(ACTIVE, ACTIVE, {"TimeToLiveDescription": ttl})
    with pytest.raises(ForeignTableError, match="its TTL on valid_until, but this store needs expires_at"):
        await make_table(engine=script).create()
    assert script.requests[-1][0] == "DescribeTimeToLive"


async def test_foreign_table_is_refused_when_it_was_created_at_the_same_moment(make_table: MakeTable) -> None:
    script = Script(MISSING, refusal("ResourceInUseException"), keyed(("order_id", "HASH", "S")))
    with pytest.raises(ForeignTableError):
        await make_table(engine=script).create()


async def test_error_is_one_line(make_table: MakeTable) -> None:
    with pytest.raises(ForeignTableError) as refused:
        await make_table(keyed(("order_id", "HASH", "S"))).create()
    assert "\n" not in str(refused.value)
