from connection_store.schema import Key
from connection_store.small_batches import SmallBatches
from tests.contract.faults import refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Script

NOW = 1_767_225_600_000
ONE, TWO = Key("user#ann", "c-1"), Key("user#ann", "c-2")
ITEM = {"pk": {"S": "user#ann"}, "sk": {"S": "c-1"}}
DENIED = refusal("AccessDeniedException")


async def test_rows_are_read_in_one_consistent_request(make_table: MakeTable) -> None:
    script = Script({"Responses": {"table": [ITEM]}})
    found = await SmallBatches(make_table(engine=script)).get(ONE, TWO, now=NOW)
    assert found == {ONE: {"pk": "user#ann", "sk": "c-1"}}
    [(operation, request)] = script.requests
    assert (operation, request["RequestItems"]["table"]["ConsistentRead"]) == ("BatchGetItem", True)


async def test_rows_are_read_one_by_one_when_the_batch_is_denied(make_table: MakeTable) -> None:
    script = Script(DENIED, {"Item": ITEM}, {}, {"Item": ITEM}, {})
    batches = SmallBatches(make_table(engine=script, concurrency=1))
    for _ in range(2):
        assert list(await batches.get(ONE, TWO, now=NOW)) == [ONE]
    assert [operation for operation, _ in script.requests] == ["BatchGetItem", *["GetItem"] * 4]
    assert all(request["ConsistentRead"] for operation, request in script.requests if operation == "GetItem")


async def test_rows_are_deleted_in_one_request(make_table: MakeTable) -> None:
    script = Script({})
    await SmallBatches(make_table(engine=script)).delete([ONE], [TWO], now=NOW)
    assert [operation for operation, _ in script.requests] == ["BatchWriteItem"]


async def test_rows_are_deleted_step_by_step_when_the_batch_is_denied(make_table: MakeTable) -> None:
    script = Script(DENIED, {})
    await SmallBatches(make_table(engine=script)).delete([TWO], [], [ONE], now=NOW)
    assert [operation for operation, _ in script.requests] == ["BatchWriteItem", "DeleteItem", "DeleteItem"]
    assert [request["Key"]["sk"]["S"] for _, request in script.requests[1:]] == ["c-2", "c-1"]
