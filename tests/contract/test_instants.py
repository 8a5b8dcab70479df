"""The check itself: a row that an engine's own sweep may delete is noticed, however it is written."""

from typing import Any

import pytest

from signalbox.testing.dynamodb import MemoryEngine
from tests.contract.instants import NOW, WatchedEngine

CLOCK = 1_000.0
KEY = {"pk": {"S": "p"}, "sk": {"S": "a"}}


def put(expires_at: int) -> dict[str, Any]:
    return {"Item": {**KEY, "expires_at": {"N": str(expires_at)}}}


def update(expires_at: int) -> dict[str, Any]:
    return {
        "Key": KEY,
        "UpdateExpression": "SET v = :v, expires_at = :ends",
        "ExpressionAttributeValues": {":v": {"N": "1"}, ":ends": {"N": str(expires_at)}},
    }


@pytest.mark.parametrize(("expires_at", "number"), [(999, 1), (1_000, 1), (1_001, 0)])
@pytest.mark.parametrize(
    "request_of",
    [
        put,
        update,
        lambda ends: {"TransactItems": [{"Put": put(ends)}]},
        lambda ends: {"TransactItems": [{"Update": update(ends)}]},
        lambda ends: {"RequestItems": {"t": [{"PutRequest": put(ends)}]}},
    ],
    ids=["put", "update", "put in a transaction", "update in a transaction", "put in a batch"],
)
def test_write_is_kept_when_its_time_is_up(request_of: Any, expires_at: int, number: int) -> None:
    engine = WatchedEngine(MemoryEngine(), lambda: CLOCK)
    engine.watch(request_of(expires_at))
    assert len(engine.expired) == number


@pytest.mark.parametrize(
    "request_",
    [
        {"Key": KEY},
        {"RequestItems": {"t": {"Keys": [KEY]}}},
        {"RequestItems": {"t": [{"DeleteRequest": {"Key": KEY}}]}},
        {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
        {"ConditionExpression": "expires_at > :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
    ],
)
def test_nothing_is_kept_when_no_expiry_is_written(request_: dict[str, Any]) -> None:
    engine = WatchedEngine(MemoryEngine(), lambda: CLOCK)
    engine.watch(request_)
    assert engine.expired == []


def test_contract_takes_place_long_after_any_clock_here() -> None:
    assert NOW > 4_000_000_000_000
