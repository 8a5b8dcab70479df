"""What the contract suite does not say of the engine: what it supports, and DynamoDB's limits.

Covers signalbox.testing.dynamodb.definitions, signalbox.testing.dynamodb.reads.
Covers signalbox.testing.dynamodb.refusals, signalbox.testing.dynamodb.store.
Covers signalbox.testing.dynamodb.tables, signalbox.testing.dynamodb.writes.
"""

import asyncio
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from connection_store.engine import RequestRefusedError
from connection_store.schema import definition, expiry
from signalbox.testing.dynamodb import MemoryEngine
from signalbox.testing.dynamodb.store import REMEMBERED

KEY = {"pk": {"S": "p"}, "sk": {"S": "a"}}

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def engine() -> MemoryEngine:
    engine = MemoryEngine()
    engine.execute("CreateTable", definition("t"))
    return engine


@pytest.fixture
def ask(engine: MemoryEngine) -> Ask:
    return lambda operation, **request: engine.execute(operation, {"TableName": "t", **request})


def refused(ask: Ask, operation: str, **request: Any) -> RequestRefusedError:
    with pytest.raises(RequestRefusedError) as raised:
        ask(operation, **request)
    return raised.value


def rows(number: int, size: int = 0) -> list[dict[str, Any]]:
    return [{"pk": {"S": "p"}, "sk": {"S": f"{n:04}"}, "text": {"S": "x" * size}} for n in range(number)]


async def test_others_have_their_turn_before_an_answer(engine: MemoryEngine) -> None:
    steps: list[str] = []

    async def write(name: str) -> None:
        steps.append(f"{name} asks")
        await engine.call("PutItem", {"TableName": "t", "Item": KEY})
        steps.append(f"{name} is answered")

    await asyncio.gather(write("one"), write("other"))
    assert steps == ["one asks", "other asks", "one is answered", "other is answered"]


def test_every_write_counts_when_threads_write_at_once(engine: MemoryEngine, ask: Ask) -> None:
    def add() -> None:
        for _ in range(200):
            ask(
                "UpdateItem",
                Key=KEY,
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask("GetItem", Key=KEY)["Item"]["n"] == {"N": "800"}


def test_operation_is_refused_when_there_is_none_of_that_name(ask: Ask) -> None:
    assert refused(ask, "ExecuteStatement").code == "UnknownOperationException"


@pytest.mark.parametrize(
    ("operation", "request_", "said"),
    [
        ("GetItem", {}, "no Key"),
        ("GetItem", {"Key": KEY, "ProjectionExpression": "pk"}, "ProjectionExpression"),
        ("PutItem", {"Item": KEY, "ReturnValues": "ALL_NEW"}, "ReturnValues"),
        ("Scan", {"FilterExpression": "a = :b"}, "FilterExpression"),
        ("PutItem", {"Item": "text"}, "an item is"),
        ("PutItem", {"Item": {**KEY, "a": "text"}}, "a value is"),
        ("PutItem", {"Item": {**KEY, "a": {"X": "text"}}}, "no type 'X'"),
        ("GetItem", {"Key": {**KEY, "a": {"S": "b"}}}, "other attributes"),
        ("GetItem", {"Key": {"pk": {"S": "x" * 2_049}, "sk": {"S": "a"}}}, "2048 bytes"),
        ("GetItem", {"Key": {"pk": {"S": "x"}, "sk": {"S": "a" * 1_025}}}, "1024 bytes"),
    ],
)
def test_refusal_says_what_is_wrong(ask: Ask, operation: str, request_: dict[str, Any], said: str) -> None:
    error = refused(ask, operation, **request_)
    assert error.code == "ValidationException"
    assert said in error.message


def transact(engine: MemoryEngine, *entries: tuple[str, dict[str, Any]], **rest: Any) -> None:
    items = [{kind: {"TableName": "t", **request}} for kind, request in entries]
    engine.execute("TransactWriteItems", {"TransactItems": items, **rest})


def test_row_is_refused_when_it_grows_beyond_400_kb(engine: MemoryEngine, ask: Ask) -> None:
    ask("PutItem", Item={**KEY, "a": {"S": "x" * 200_000}})
    update = {
        "Key": KEY,
        "UpdateExpression": "SET b = :v",
        "ExpressionAttributeValues": {":v": {"S": "x" * 210_000}},
    }
    assert "Item size" in refused(ask, "UpdateItem", **update).message
    with pytest.raises(RequestRefusedError) as raised:
        transact(engine, ("Update", update))
    (reason,) = raised.value.reasons
    assert reason["Code"] == "ValidationError"
    assert "Item size" in reason["Message"]


def test_transaction_is_refused_when_it_is_larger_than_4_mb(engine: MemoryEngine) -> None:
    with pytest.raises(RequestRefusedError, match="ValidationException"):
        transact(engine, *(("Put", {"Item": row}) for row in rows(11, 390_000)))


def test_transaction_checks_a_row_it_does_not_write(engine: MemoryEngine, ask: Ask) -> None:
    check = ("ConditionCheck", {"Key": KEY, "ConditionExpression": "attribute_exists(pk)"})
    put = ("Put", {"Item": {**KEY, "sk": {"S": "b"}}})
    with pytest.raises(RequestRefusedError, match="TransactionCanceledException"):
        transact(engine, check, put)
    ask("PutItem", Item=KEY)
    transact(engine, check, put)
    assert len(ask("Scan")["Items"]) == 2


def test_token_is_refused_when_it_comes_with_another_transaction(engine: MemoryEngine) -> None:
    transact(engine, ("Put", {"Item": KEY}), ClientRequestToken="token")
    with pytest.raises(RequestRefusedError, match="IdempotentParameterMismatchException"):
        transact(engine, ("Delete", {"Key": KEY}), ClientRequestToken="token")


def test_token_is_forgotten_when_many_came_after_it(engine: MemoryEngine, ask: Ask) -> None:
    for number in range(REMEMBERED + 1):
        transact(engine, ("Put", {"Item": KEY}), ClientRequestToken=f"{number}")
    transact(engine, ("Delete", {"Key": KEY}), ClientRequestToken="0")
    assert "Item" not in ask("GetItem", Key=KEY)


def test_batch_has_at_most_25_writes_and_each_item_once(engine: MemoryEngine) -> None:
    for items in (rows(26), rows(1) * 2):
        batch = {"t": [{"PutRequest": {"Item": item}} for item in items]}
        with pytest.raises(RequestRefusedError, match="ValidationException"):
            engine.execute("BatchWriteItem", {"RequestItems": batch})


@pytest.mark.parametrize(
    "entry",
    [
        {"Get": {"Key": KEY}},
        {},
        {"Put": {"TableName": "t"}},
        {"Update": {"TableName": "t", "Key": KEY}},
        {"Delete": {"TableName": "t", "Key": KEY, "ReturnValues": "ALL_OLD"}},
    ],
)
def test_transaction_is_refused_when_an_entry_is_no_write(
    engine: MemoryEngine, entry: dict[str, Any]
) -> None:
    with pytest.raises(RequestRefusedError, match="ValidationException"):
        engine.execute("TransactWriteItems", {"TransactItems": [entry]})


def test_page_ends_when_it_has_a_megabyte(ask: Ask) -> None:
    for row in rows(30, 100_000):
        ask("PutItem", Item=row)
    for operation, request in (
        ("Query", {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}),
        ("Scan", {}),
    ):
        first = ask(operation, **request)
        assert len(first["Items"]) == 10
        second = ask(operation, **request, ExclusiveStartKey=first["LastEvaluatedKey"])
        assert second["Items"][0]["sk"] == {"S": "0010"}


def test_batch_is_read_in_part_when_it_is_larger_than_16_mb(engine: MemoryEngine, ask: Ask) -> None:
    found = rows(50, 390_000)
    for row in found:
        ask("PutItem", Item=row)
    keys = [{name: row[name] for name in ("pk", "sk")} for row in found]
    answer = engine.execute("BatchGetItem", {"RequestItems": {"t": {"Keys": keys}}})
    assert len(answer["Responses"]["t"]) == 43
    assert answer["UnprocessedKeys"]["t"]["Keys"] == keys[43:]


def test_rows_stay_as_they_are_when_a_caller_changes_what_it_gave_or_got(ask: Ask) -> None:
    item: dict[str, Any] = {**KEY, "list": {"L": [{"S": "x"}]}, "map": {"M": {"a": {"N": "1"}}}}
    ask("PutItem", Item=item)
    kept = ask("GetItem", Key=KEY)["Item"]
    item["list"]["L"].append({"S": "y"})
    got = ask("GetItem", Key=KEY)["Item"]
    got["map"]["M"].clear()
    got["pk"]["S"] = "q"
    assert ask("GetItem", Key=KEY)["Item"] == kept == {**item, "list": {"L": [{"S": "x"}]}}


def test_expiry_is_remembered_and_nothing_expires(ask: Ask) -> None:
    assert ask("DescribeTimeToLive")["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    specification = expiry("t")["TimeToLiveSpecification"]
    ask("UpdateTimeToLive", TimeToLiveSpecification=specification)
    described = ask("DescribeTimeToLive")["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    again = refused(ask, "UpdateTimeToLive", TimeToLiveSpecification=specification)
    assert again.code == "ValidationException"
    ask("PutItem", Item={**KEY, "expires_at": {"N": "1"}})
    assert "Item" in ask("GetItem", Key=KEY)


def test_table_is_gone_when_it_was_deleted(ask: Ask) -> None:
    ask("DeleteTable")
    assert refused(ask, "DescribeTable").code == "ResourceNotFoundException"


def test_table_may_have_numbers_as_sort_keys_or_none_at_all(engine: MemoryEngine) -> None:
    numbered = definition("numbered")
    numbered["AttributeDefinitions"][1]["AttributeType"] = "N"
    engine.execute("CreateTable", numbered)
    for number in ("10", "9", "-1", "9.5"):
        item = {"pk": {"S": "p"}, "sk": {"N": number}}
        engine.execute("PutItem", {"TableName": "numbered", "Item": item})
    found = engine.execute("Scan", {"TableName": "numbered"})["Items"]
    assert [item["sk"]["N"] for item in found] == ["-1", "9", "9.5", "10"]

    alone = definition("alone")
    alone.update({name: alone[name][:1] for name in ("AttributeDefinitions", "KeySchema")})
    engine.execute("CreateTable", alone)
    engine.execute("PutItem", {"TableName": "alone", "Item": {"pk": {"S": "p"}, "n": {"N": "1"}}})
    found = engine.execute("GetItem", {"TableName": "alone", "Key": {"pk": {"S": "p"}}})
    assert found["Item"]["n"] == {"N": "1"}


def test_table_is_refused_when_its_keys_are_not_defined(engine: MemoryEngine) -> None:
    with pytest.raises(RequestRefusedError, match="ValidationException"):
        engine.execute("CreateTable", {**definition("u"), "KeySchema": []})
