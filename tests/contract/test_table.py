import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connection_store import ConnectionManager, ForeignTableError, Table, TableMissingError
from connection_store.schema import definition
from tests.contract.conftest import EVERY_ENGINE, Ask, MakeTable
from tests.contract.instants import NOW

CALLS: dict[str, Callable[[ConnectionManager], Awaitable[Any]]] = {
    "connect": lambda connections: connections.connect("c-1", {"a": 1}, user_id="ann", now=NOW),
    "connect alone": lambda connections: connections.connect("c-1", now=NOW),
    "connections_of": lambda connections: connections.connections_of("ann", now=NOW),
    "disconnect": lambda connections: connections.disconnect("c-1", now=NOW),
    "get_connection": lambda connections: connections.get_connection("c-1", now=NOW),
    "page": lambda connections: connections.page(10, now=NOW),
    "prune": lambda connections: connections.prune(["c-1"], now=NOW),
    "stream": lambda connections: anext(connections.stream(now=NOW)),
    "update_last_seen": lambda connections: connections.update_last_seen("c-1", now=NOW),
}


@pytest.fixture(params=EVERY_ENGINE)
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("name", CALLS)
async def test_the_table_is_reported_when_it_is_missing(make_table: MakeTable, name: str) -> None:
    with pytest.raises(TableMissingError):
        await CALLS[name](ConnectionManager(table=make_table()))


async def test_table_is_as_defined_when_many_make_it_at_once(make_table: MakeTable, ask: Ask) -> None:
    managers = [ConnectionManager(table=make_table()) for _ in range(4)]
    await asyncio.gather(*(manager.init_table() for manager in managers))
    await managers[0].init_table()

    name = make_table().name
    description = ask("DescribeTable", TableName=name)["Table"]
    expiry = ask("DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]
    assert description["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert not description.get("GlobalSecondaryIndexes")
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


async def test_rows_stay_when_the_table_is_made_again(connections: ConnectionManager) -> None:
    connected = await connections.connect("c-1", now=NOW)
    await connections.init_table()
    assert await connections.get_connection("c-1", now=NOW) == connected


async def test_foreign_table_is_refused_and_its_ttl_stays_off(make_table: MakeTable, ask: Ask) -> None:
    table = make_table()
    ask(
        "CreateTable",
        TableName=table.name,
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    offer = {"order_id": {"S": "1"}, "expires_at": {"N": str(NOW // 1000)}}
    ask("PutItem", TableName=table.name, Item=offer)
    with pytest.raises(ForeignTableError, match=r"order_id HASH S, .* pk HASH S, sk RANGE S"):
        await ConnectionManager(table=table).init_table()
    expiry = ask("DescribeTimeToLive", TableName=table.name)["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] == "DISABLED"


async def test_table_is_refused_when_its_ttl_is_on_another_attribute(make_table: MakeTable, ask: Ask) -> None:
    table = make_table()
    ask("CreateTable", **definition(table.name))
    setting = {"Enabled": True, "AttributeName": "valid_until"}
    ask("UpdateTimeToLive", TableName=table.name, TimeToLiveSpecification=setting)
    with pytest.raises(ForeignTableError, match="valid_until, but this store needs expires_at"):
        await ConnectionManager(table=table).init_table()
    expiry = ask("DescribeTimeToLive", TableName=table.name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "valid_until"}


async def test_endpoint_is_the_standard_variables_when_no_client_is_given(
    ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", ministack)
    connections = ConnectionManager(table=Table("standard-variables", budget=30.0))
    connections.warm()
    await connections.init_table()
    connected = await connections.connect("c-1", user_id="ann", now=NOW)
    assert await connections.get_connection("c-1", now=NOW) == connected
    await connections.close()
