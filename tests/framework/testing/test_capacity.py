"""Against the worked examples of the Amazon DynamoDB Developer Guide."""

from typing import Any

import pytest

from connection_store.engine import RequestRefusedError
from signalbox.testing.capacity import (
    EVENTUAL,
    STRONG,
    TRANSACTIONAL,
    CapacityMeter,
    read_units,
    write_units,
)
from signalbox.testing.dynamodb.values import item_size

KB = 1_024
KEY = {"pk": {"S": "user#ann"}, "sk": {"S": "c-1"}}


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"shirt-color": {"S": "R"}, "shirt-size": {"S": "M"}}, 23),
        ({"é": {"S": "日本"}}, 8),
        ({"on": {"BOOL": True}}, 3),
        ({"n": {"N": "0"}}, 2),
        ({"n": {"N": "7"}}, 3),
        ({"n": {"N": "-12"}}, 3),
        ({"n": {"N": "123"}}, 4),
        ({"n": {"N": "1000000"}}, 3),
        ({"n": {"N": "1767225600000"}}, 6),
        ({}, 0),
    ],
)
def test_item_is_the_sum_of_its_names_and_values(item: Any, size: int) -> None:
    assert item_size(item) == size


@pytest.mark.parametrize(
    ("size", "kind", "units"),
    [
        (8 * KB, STRONG, 2),
        (8 * KB, EVENTUAL, 1),
        (8 * KB, TRANSACTIONAL, 4),
        (3.5 * KB, STRONG, 1),
        (10 * KB, STRONG, 3),
        (1_500 * 64, STRONG, 24),
        (40.8 * KB, STRONG, 11),
        (40.8 * KB, EVENTUAL, 5.5),
        (0, STRONG, 1),
        (0, EVENTUAL, 0.5),
    ],
)
def test_read_is_counted_in_steps_of_four_kilobytes(size: float, kind: float, units: float) -> None:
    assert read_units(int(size), kind) == units


@pytest.mark.parametrize(
    ("size", "transactional", "units"),
    [
        (2 * KB, False, 2),
        (2 * KB, True, 4),
        (512, False, 1),
        (1.5 * KB, False, 2),
        (KB, False, 1),
        (KB + 1, False, 2),
        (0, False, 1),
    ],
)
def test_write_is_counted_in_steps_of_one_kilobyte(size: float, transactional: bool, units: float) -> None:
    assert write_units(int(size), transactional=transactional) == units


def big(size: int) -> dict[str, Any]:
    return {**KEY, "data": {"S": "x" * size}}


@pytest.mark.parametrize(
    ("operation", "request_", "answer", "units"),
    [
        ("PutItem", {"Item": big(1_500)}, {}, 2),
        ("PutItem", {"Item": KEY}, {"Attributes": big(2_500)}, 3),
        ("DeleteItem", {"Key": KEY}, {}, 1),
        ("DeleteItem", {"Key": KEY}, {"Attributes": big(2_500)}, 3),
        ("UpdateItem", {"Key": KEY, "ExpressionAttributeValues": {":now": {"N": "1"}}}, {}, 1),
        (
            "UpdateItem",
            {"Key": KEY},
            RequestRefusedError("ConditionalCheckFailedException", item=big(2_500)),
            3,
        ),
        ("PutItem", {"Item": KEY}, RequestRefusedError("ThrottlingException"), 0),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": big(1_500)}}]}, {}, 4),
        ("BatchWriteItem", {"RequestItems": {"t": [{"DeleteRequest": {"Key": KEY}}]}}, {}, 1),
        (
            "BatchWriteItem",
            {"RequestItems": {"t": [{"DeleteRequest": {"Key": KEY}}]}},
            {"UnprocessedItems": {"t": [{"DeleteRequest": {"Key": KEY}}]}},
            0,
        ),
    ],
)
def test_writes_are_counted_by_partition(operation: str, request_: Any, answer: Any, units: float) -> None:
    meter = CapacityMeter()
    meter(operation, request_, answer)
    assert meter.writes["user#ann"] == units
    assert meter.requests == {operation: 1}


def test_transaction_of_three_small_items_is_six_units() -> None:
    meter = CapacityMeter()
    update = {"Key": KEY, "ExpressionAttributeValues": {":now": {"N": "1"}}}
    entries = [{"Put": {"Item": big(400)}}, {"Update": update}, {"Delete": {"Key": KEY}}]
    meter("TransactWriteItems", {"TransactItems": entries}, {})
    assert meter.writes == {"user#ann": 6}


def test_batch_is_rounded_up_for_each_item() -> None:
    """1.5 KB and 6.5 KB are 12 KB, not 8; what is not there costs as much as the smallest."""
    meter = CapacityMeter()
    keys = [{"pk": {"S": "user#ann"}, "sk": {"S": f"c-{n}"}} for n in range(4)]
    found = [{**keys[0], "data": {"S": "x" * 1_500}}, {**keys[1], "data": {"S": "x" * 6_500}}]
    wanted = {"Keys": keys, "ConsistentRead": True}
    answer = {"Responses": {"t": found}, "UnprocessedKeys": {"t": {"Keys": keys[3:]}}}
    meter("BatchGetItem", {"RequestItems": {"t": wanted}}, answer)
    assert meter.reads == {"user#ann": 3 + 1}
    meter("BatchGetItem", {"RequestItems": {"t": {**wanted, "ConsistentRead": False}}}, answer)
    assert meter.reads == {"user#ann": 4 + 2}


def test_query_is_counted_on_the_sum_of_what_it_looked_at() -> None:
    meter = CapacityMeter()
    request = {"ConsistentRead": True, "ExpressionAttributeValues": {":partition": {"S": "user#ann"}}}
    meter("Query", request, {"Items": [big(500)] * 20})
    meter("GetItem", {"ConsistentRead": False, "Key": KEY}, {})
    assert meter.reads == {"user#ann": 3 + 0.5}


def test_request_without_an_answer_is_counted_but_not_charged() -> None:
    meter = CapacityMeter()
    meter("DescribeTable", {}, {})
    assert (meter.requests, meter.reads, meter.writes) == ({"DescribeTable": 1}, {}, {})
