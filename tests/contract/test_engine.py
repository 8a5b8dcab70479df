"""What the store relies on of DynamoDB, asked of each engine directly: the engines agree."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

import pytest

from connection_store.engine import Engine, RequestRefusedError
from connection_store.schema import definition
from tests.contract.conftest import EVERY_ENGINE

KEY = {"pk": {"S": "p"}, "sk": {"S": "a"}}
ROW = {**KEY, "n": {"N": "5"}, "text": {"S": "x"}, "on": {"BOOL": True}}
ABSENT = {"pk": {"S": "p"}, "sk": {"S": "nobody"}}
STRICT = ["memory", "ministack", "boto3"]
"""The engines that look at tokens, at the types of keys, and at what an expression refers to."""


@pytest.fixture(params=EVERY_ENGINE)
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


class Asker:
    """Asks an engine about one table."""

    def __init__(self, engine: Engine, table: str) -> None:
        self.engine = engine
        self.table = table

    async def __call__(self, operation: str, **request: Any) -> Any:
        return await self.engine.call(operation, {"TableName": self.table, **request})

    async def refused(self, operation: str, **request: Any) -> RequestRefusedError:
        with pytest.raises(RequestRefusedError) as raised:
            await self(operation, **request)
        return raised.value

    async def row(self, key: Mapping[str, Any] = KEY) -> Any:
        return (await self("GetItem", Key=key)).get("Item")


@pytest.fixture
async def asked(engine: Engine) -> Asker:
    asked = Asker(engine, f"engine-{token_hex(6)}")
    await engine.call("CreateTable", definition(asked.table))
    await asked("PutItem", Item=ROW)
    return asked


def writes(asked: Asker, *entries: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"TransactItems": [{kind: {"TableName": asked.table, **each}} for kind, each in entries]}


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ("attribute_exists(pk)", {}, True),
        ("attribute_not_exists(pk)", {}, False),
        ("attribute_not_exists(absent) OR absent < :v", {":v": {"N": "1"}}, True),
        ("n = :v", {":v": {"N": "5"}}, True),
        ("n = :v", {":v": {"S": "5"}}, False),
        ("n <> :v", {":v": {"N": "5"}}, False),
        ("n < :v", {":v": {"N": "10"}}, True),
        ("n <= :v", {":v": {"N": "5"}}, True),
        ("n > :v", {":v": {"N": "10"}}, False),
        ("n >= :v", {":v": {"N": "10"}}, False),
        ("absent > :v", {":v": {"N": "1"}}, False),
        ("n BETWEEN :v AND :w", {":v": {"N": "5"}, ":w": {"N": "10"}}, True),
        ("n IN (:v, :w)", {":v": {"N": "4"}, ":w": {"N": "5"}}, True),
        ("NOT n = :v", {":v": {"N": "4"}}, True),
        ("n = :v AND NOT attribute_exists(absent)", {":v": {"N": "5"}}, True),
        ("n = :v OR n = :w AND attribute_exists(absent)", {":v": {"N": "5"}, ":w": {"N": "6"}}, True),
        ("(n = :v OR n = :w) AND attribute_exists(absent)", {":v": {"N": "5"}, ":w": {"N": "6"}}, False),
        ("begins_with(sk, :v)", {":v": {"S": "a"}}, True),
        ("contains(sk, :v)", {":v": {"S": "z"}}, False),
    ],
)
async def test_condition_holds_or_not(
    asked: Asker, condition: str, values: dict[str, Any], holds: bool
) -> None:
    request: dict[str, Any] = {"Item": {**ROW, "written": {"N": "1"}}, "ConditionExpression": condition}
    if values:
        request["ExpressionAttributeValues"] = values
    if holds:
        await asked("PutItem", **request)
    else:
        assert (await asked.refused("PutItem", **request)).code == "ConditionalCheckFailedException"
    assert ("written" in await asked.row()) is holds


@pytest.mark.parametrize(
    ("update", "values", "changed"),
    [
        ("SET n = :v", {":v": {"N": "7"}}, {"n": {"N": "7"}}),
        ("SET n = n + :v", {":v": {"N": "7"}}, {"n": {"N": "12"}}),
        ("SET n = n - :v", {":v": {"N": "7"}}, {"n": {"N": "-2"}}),
        ("SET m = n, n = :v", {":v": {"N": "7"}}, {"m": {"N": "5"}, "n": {"N": "7"}}),
        ("SET m = if_not_exists(m, :v)", {":v": {"N": "7"}}, {"m": {"N": "7"}}),
        ("SET n = if_not_exists(n, :v) + :v", {":v": {"N": "7"}}, {"n": {"N": "12"}}),
        ("ADD n :v, m :v", {":v": {"N": "7"}}, {"n": {"N": "12"}, "m": {"N": "7"}}),
        ("SET m = :v REMOVE n", {":v": {"N": "7"}}, {"m": {"N": "7"}, "n": None}),
    ],
)
async def test_update_changes_what_it_says(
    asked: Asker, update: str, values: dict[str, Any], changed: dict[str, Any]
) -> None:
    await asked("UpdateItem", Key=KEY, UpdateExpression=update, ExpressionAttributeValues=values)
    after = {**ROW, **changed}
    assert await asked.row() == {name: value for name, value in after.items() if value is not None}


async def test_update_makes_a_row_when_there_is_none(asked: Asker) -> None:
    update = {"UpdateExpression": "SET n = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    await asked("UpdateItem", Key=ABSENT, **update)
    assert await asked.row(ABSENT) == {**ABSENT, "n": {"N": "1"}}


@pytest.mark.parametrize("wanted", ["ALL_OLD", "UPDATED_NEW"])
async def test_update_returns_what_was_asked_for(asked: Asker, wanted: str) -> None:
    answer = await asked(
        "UpdateItem",
        Key=KEY,
        UpdateExpression="SET n = :v",
        ExpressionAttributeValues={":v": {"N": "6"}},
        ReturnValues=wanted,
    )
    assert answer["Attributes"] == (ROW if wanted == "ALL_OLD" else {"n": {"N": "6"}})


@pytest.mark.parametrize(
    ("operation", "write"), [("PutItem", {"Item": KEY}), ("DeleteItem", {"Key": KEY})], ids=["put", "delete"]
)
async def test_write_returns_the_old_row_when_asked(asked: Asker, operation: str, write: Any) -> None:
    assert (await asked(operation, **write, ReturnValues="ALL_OLD"))["Attributes"] == ROW
    assert (await asked("DeleteItem", Key=ABSENT, ReturnValues="ALL_OLD")).get("Attributes") is None


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "DeleteItem"])
@pytest.mark.parametrize("key", [KEY, ABSENT], ids=["a row", "none"])
async def test_refused_write_shows_the_row_when_asked(asked: Asker, operation: str, key: Any) -> None:
    write: dict[str, Any] = {"Item": key} if operation == "PutItem" else {"Key": key}
    values = {":w": {"N": "99"}}
    if operation == "UpdateItem":
        write["UpdateExpression"] = "SET m = :w"
    refused = await asked.refused(
        operation,
        **write,
        ConditionExpression="n = :w",
        ExpressionAttributeValues=values,
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert (refused.code, refused.status) == ("ConditionalCheckFailedException", 400)
    assert refused.item == (ROW if key == KEY else None)


async def test_transaction_is_done_as_a_whole_or_not_at_all(asked: Asker) -> None:
    put = ("Put", {"Item": {**ABSENT, "n": {"N": "1"}}})
    check = {"ConditionExpression": "n = :v", "ExpressionAttributeValues": {":v": {"N": "6"}}}
    failing = ("Delete", {"Key": KEY, **check, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
    with pytest.raises(RequestRefusedError) as raised:
        await asked.engine.call("TransactWriteItems", writes(asked, put, failing))
    assert raised.value.code == "TransactionCanceledException"
    assert [reason["Code"] for reason in raised.value.reasons] == ["None", "ConditionalCheckFailed"]
    assert raised.value.reasons[1]["Item"] == ROW
    assert (await asked.row(), await asked.row(ABSENT)) == (ROW, None)

    await asked.engine.call("TransactWriteItems", writes(asked, put, ("Delete", {"Key": KEY})))
    assert (await asked.row(), await asked.row(ABSENT)) == (None, put[1]["Item"])


@pytest.mark.parametrize("engine_name", STRICT)
async def test_transaction_is_done_once_when_it_is_repeated_with_its_token(asked: Asker) -> None:
    add = {"Key": KEY, "UpdateExpression": "SET n = n + :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}
    request = {**writes(asked, ("Update", add)), "ClientRequestToken": token_hex(16)}
    for _ in range(2):
        await asked.engine.call("TransactWriteItems", request)
    assert (await asked.row())["n"] == {"N": "6"}


@pytest.mark.parametrize("number", [1, 2], ids=["twice", "over a hundred"])
async def test_transaction_is_refused_when_it_has_an_item_twice_or_too_many(
    asked: Asker, number: int
) -> None:
    keys = [KEY, KEY] if number == 1 else [{**KEY, "sk": {"S": str(n)}} for n in range(101)]
    with pytest.raises(RequestRefusedError) as raised:
        await asked.engine.call(
            "TransactWriteItems", writes(asked, *(("Delete", {"Key": key}) for key in keys))
        )
    assert raised.value.code == "ValidationException"


async def fill(asked: Asker, number: int) -> list[str]:
    names = [f"k{n:03}" for n in range(number)]
    for first in range(0, number, 25):
        items = [{"pk": {"S": "q"}, "sk": {"S": name}} for name in names[first : first + 25]]
        batch = {asked.table: [{"PutRequest": {"Item": item}} for item in items]}
        assert not (await asked.engine.call("BatchWriteItem", {"RequestItems": batch}))["UnprocessedItems"]
    return names


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("pk = :p", {}, slice(0, 60)),
        ("pk = :p AND sk > :v", {":v": {"S": "k010"}}, slice(11, 60)),
        ("pk = :p AND sk >= :v", {":v": {"S": "k010"}}, slice(10, 60)),
        ("pk = :p AND sk < :v", {":v": {"S": "k010"}}, slice(0, 10)),
        ("pk = :p AND sk <= :v", {":v": {"S": "k010"}}, slice(0, 11)),
        ("pk = :p AND sk = :v", {":v": {"S": "k010"}}, slice(10, 11)),
        ("pk = :p AND sk BETWEEN :v AND :w", {":v": {"S": "k010"}, ":w": {"S": "k012"}}, slice(10, 13)),
        ("pk = :p AND begins_with(sk, :v)", {":v": {"S": "k01"}}, slice(10, 20)),
    ],
)
@pytest.mark.parametrize("forward", [True, False], ids=["forward", "backward"])
async def test_query_finds_a_range_in_pages(
    asked: Asker, condition: str, values: Any, expected: slice, forward: bool
) -> None:
    names = await fill(asked, 60)
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        page = await asked(
            "Query",
            KeyConditionExpression=condition,
            ExpressionAttributeValues={":p": {"S": "q"}, **values},
            ScanIndexForward=forward,
            ConsistentRead=True,
            Limit=7,
            **start,
        )
        found += [item["sk"]["S"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert found == names[expected][:: 1 if forward else -1]


async def test_rows_are_read_in_a_batch(asked: Asker) -> None:
    names = await fill(asked, 100)
    keys = [{"pk": {"S": "q"}, "sk": {"S": name}} for name in names]
    wanted = {asked.table: {"Keys": [*keys[:99], ABSENT], "ConsistentRead": True}}
    answer = await asked.engine.call("BatchGetItem", {"RequestItems": wanted})
    assert {item["sk"]["S"] for item in answer["Responses"][asked.table]} == set(names[:99])
    assert answer.get("UnprocessedKeys", {}) == {}

    for broken in ([*keys, ABSENT], [KEY, KEY]):
        with pytest.raises(RequestRefusedError) as raised:
            await asked.engine.call("BatchGetItem", {"RequestItems": {asked.table: {"Keys": broken}}})
        assert raised.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetItem", {"Key": {"pk": {"S": "p"}}}),
        ("PutItem", {"Item": {"pk": {"S": "p"}}}),
        ("PutItem", {"Item": {"pk": {"S": ""}, "sk": {"S": "a"}}}),
        ("PutItem", {"Item": {**KEY, "big": {"S": "x" * 410_000}}}),
        (
            "UpdateItem",
            {
                "Key": KEY,
                "UpdateExpression": "SET n = absent + :v",
                "ExpressionAttributeValues": {":v": {"N": "1"}},
            },
        ),
    ],
)
async def test_request_is_refused_when_it_makes_no_sense(
    asked: Asker, operation: str, request_: dict[str, Any]
) -> None:
    assert (await asked.refused(operation, **request_)).code == "ValidationException"
    assert await asked.row() == ROW


@pytest.mark.parametrize("engine_name", STRICT)
@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetItem", {"Key": {"pk": {"N": "1"}, "sk": {"S": "a"}}}),
        ("PutItem", {"Item": KEY, "ConditionExpression": "attribute_exists(pk"}),
        ("PutItem", {"Item": KEY, "ConditionExpression": "n = :v"}),
    ],
)
async def test_request_is_refused_when_an_engine_looks_closely(
    asked: Asker, operation: str, request_: dict[str, Any]
) -> None:
    assert (await asked.refused(operation, **request_)).code == "ValidationException"
    assert await asked.row() == ROW


async def test_table_is_reported_when_it_is_missing_or_there_already(asked: Asker) -> None:
    with pytest.raises(RequestRefusedError) as raised:
        await asked.engine.call("CreateTable", definition(asked.table))
    assert raised.value.code == "ResourceInUseException"
    asked.table = "missing"
    for operation, request in (("GetItem", {"Key": KEY}), ("PutItem", {"Item": KEY}), ("DescribeTable", {})):
        assert (await asked.refused(operation, **request)).code == "ResourceNotFoundException"
