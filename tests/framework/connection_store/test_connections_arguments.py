"""Wrong arguments are refused before anything is asked of DynamoDB.

Covers connection_store.connections.
"""

from collections.abc import Callable
from typing import Any

import pytest

from connection_store import ConnectionManager, InvalidKeyError, SpentTickets, Table
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Script

NOW = 1_767_225_600_000
ID = "BFaT_fALIAMCKug="
VARIABLES = ("TABLE_NAME", "DYNAMODB_TABLE")


@pytest.mark.parametrize("ttl", [True, False, 60.0, 7_200.5, "7200", None])
def test_ttl_is_refused_when_it_is_no_whole_number(ttl: Any) -> None:
    with pytest.raises(TypeError, match="connection_ttl is a whole number"):
        ConnectionManager(connection_ttl=ttl)


@pytest.mark.parametrize("ttl", [59, 0, -7_200])
def test_ttl_is_refused_when_it_is_below_a_minute(ttl: int) -> None:
    with pytest.raises(ValueError, match="connection_ttl is at least 60"):
        ConnectionManager(connection_ttl=ttl)


@pytest.mark.parametrize("name", ["", "ab", "a" * 256, "my table", "tabelle-ü", "a/b", "abc\n"])
def test_table_name_is_refused_when_dynamodb_has_no_such_names(name: str) -> None:
    for make in (ConnectionManager, SpentTickets, Table):
        with pytest.raises(ValueError, match="table's name is 3 to 255"):
            make(name)


@pytest.mark.parametrize("name", [1, b"table", ["table"]])
def test_table_name_is_refused_when_it_is_no_text(name: Any) -> None:
    with pytest.raises(TypeError, match="table's name is text"):
        ConnectionManager(name)


@pytest.mark.parametrize("partition", [None, 1, b"", "a/b", "a" * 65])
def test_partition_is_refused_when_no_key_can_hold_it(partition: Any) -> None:
    with pytest.raises(InvalidKeyError, match="a partition is empty or"):
        ConnectionManager(partition=partition)


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("last_seen_every", -1, ValueError),
        ("last_seen_every", 1.5, TypeError),
        ("connection_limit", True, TypeError),
        ("connection_limit", "3", TypeError),
        ("connection_limit", 0, ValueError),
        ("connection_limit", 41, ValueError),
    ],
)
def test_option_is_refused_when_it_is_out_of_range(option: str, value: Any, error: type[Exception]) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(error, match=r"last_seen_every|connection_limit|1 to 40"):
        ConnectionManager(**options)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "signalbox"),
        ({"DYNAMODB_TABLE": "classic"}, "classic"),
        ({"TABLE_NAME": "ours", "DYNAMODB_TABLE": "classic"}, "ours"),
        ({"TABLE_NAME": "", "DYNAMODB_TABLE": "classic"}, "classic"),
    ],
)
def test_table_is_the_environments_when_none_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert Table().name == name
    assert Table("named").name == "named"


async def test_manager_asks_the_environments_table_when_none_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TABLE_NAME", "x")
    with pytest.raises(ValueError, match="not 'x'"):
        ConnectionManager()


Call = Callable[[ConnectionManager, Any], Any]
WITH_ID: dict[str, Call] = {
    "connect": lambda connections, id_: connections.connect(id_, now=NOW),
    "connect a user": lambda connections, id_: connections.connect(ID, user_id=id_ or "", now=NOW),
    "disconnect": lambda connections, id_: connections.disconnect(id_),
    "get_connection": lambda connections, id_: connections.get_connection(id_),
    "get_client_data": lambda connections, id_: connections.get_client_data(id_),
    "update_last_seen": lambda connections, id_: connections.update_last_seen(id_),
    "connections_of": lambda connections, id_: connections.connections_of(id_),
    "create_group": lambda connections, id_: connections.create_group(id_),
    "add_to_group": lambda connections, id_: connections.add_to_group(id_, ID),
    "add to a group": lambda connections, id_: connections.add_to_group("team:1", id_),
    "remove_from_group": lambda connections, id_: connections.remove_from_group(id_, ID),
    "remove from a group": lambda connections, id_: connections.remove_from_group("team:1", id_),
    "get_group_connections": lambda connections, id_: connections.get_group_connections(id_),
}


@pytest.mark.parametrize("id_", ["", None, 7, 1.5, b"c-1", ["c-1"], {"a": 1}], ids=repr)
@pytest.mark.parametrize("method", WITH_ID)
async def test_id_is_refused_when_no_key_can_hold_it(make_table: MakeTable, method: str, id_: Any) -> None:
    script = Script({})
    with pytest.raises(InvalidKeyError):
        await WITH_ID[method](ConnectionManager(table=make_table(engine=script)), id_)
    assert script.requests == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"name": 7}, TypeError),
        ({"now": 1.5}, TypeError),
        ({"now": "today"}, TypeError),
        ({"now": True}, TypeError),
        ({"connected_at": 1.5}, TypeError),
        ({"session_ends": 1.5}, TypeError),
        ({"session_ends": "tomorrow"}, TypeError),
        ({"issued_at": None, "replaces": "a"}, TypeError),
        ({"issued_at": 1.5}, TypeError),
        ({"client_data": {1: 2}}, TypeError),
        ({"client_data": {"a"}}, TypeError),
    ],
    ids=repr,
)
async def test_connect_is_refused_when_an_argument_has_a_wrong_type(
    make_table: MakeTable, arguments: dict[str, Any], error: type[Exception]
) -> None:
    script = Script({})
    connections = ConnectionManager(table=make_table(engine=script))
    with pytest.raises(error):
        await connections.connect(ID, **arguments)
    assert script.requests == []


async def test_client_data_is_refused_when_it_nests_five_thousand_deep(make_table: MakeTable) -> None:
    script = Script({})
    connections = ConnectionManager(table=make_table(engine=script))
    connected = await connections.connect(ID, now=NOW)
    script.requests.clear()
    deep: Any = None
    for _ in range(5_000):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="more than 100 levels"):
        await connections.connect(ID, deep)
    with pytest.raises(ValueError, match="more than 100 levels"):
        await connections.set_client_data(connected, deep)
    assert script.requests == []
