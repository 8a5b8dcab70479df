import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from connection_store import Connection, ConnectionManager, ItemTooLargeError, Table
from connection_store.engine import RequestRefusedError
from connection_store.schema import connection_key, shard_of
from tests.contract.conftest import EVERY_ENGINE, Ask, MakeTable
from tests.contract.instants import NOW

"""In the year 2100: ministack deletes what has expired by the machine's clock."""

TTL = 7_500
EXPIRES_AT = NOW // 1000 + TTL
ID = "BFaT_fALIAMCKug="

Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]


@pytest.fixture(params=EVERY_ENGINE)
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def key_of(connection_id: str) -> tuple[str, str]:
    return f"conns#{shard_of(connection_id)}", connection_id


async def test_connection_is_read_back_when_just_written(connections: ConnectionManager) -> None:
    connected = await connections.connect(ID, user_id="ann", name="Ann Ünal", now=NOW)
    assert connected == Connection(ID, "ann", "Ann Ünal", NOW, NOW, EXPIRES_AT)
    assert connected.status == "connected"
    assert await connections.get_connection(ID, now=NOW) == connected
    assert [each async for each in connections.stream(now=NOW)] == [connected]
    [entry] = await connections.connections_of("ann", now=NOW)
    assert (entry.connection_id, entry.user_id, entry.connected_at) == (ID, "ann", NOW)
    assert (entry.expires_at, entry.cursor) == (EXPIRES_AT, connected.cursor)


async def test_rows_are_as_documented_when_connected(connections: ConnectionManager, rows: Rows) -> None:
    await connections.connect(ID, {"theme": "dark"}, user_id="ann", name="Ann", connected_at=NOW, now=NOW + 8)
    assert rows() == {
        key_of(ID): {
            "user": "ann",
            "name": "Ann",
            "connected_at": NOW,
            "last_seen": NOW,
            "expires_at": EXPIRES_AT,
            "v": 1,
        },
        (f"data#{ID}", "@"): {"data": '{"theme": "dark"}', "expires_at": EXPIRES_AT},
        ("user#ann", ID): {"connected_at": NOW, "expires_at": EXPIRES_AT},
    }


async def test_only_one_row_is_written_when_there_is_no_user(
    connections: ConnectionManager, rows: Rows
) -> None:
    connected = await connections.connect(ID, now=NOW)
    assert (connected.user_id, connected.name) == (None, None)
    assert list(rows()) == [key_of(ID)]
    assert await connections.get_connection(ID, now=NOW) == connected
    assert await connections.disconnect(ID, now=NOW) == connected
    assert rows() == {}


@pytest.mark.parametrize("data", [{}, [], "text", 0, False, {"a": [1, {"ü": None}]}, "\ud800"])
async def test_client_data_is_read_back_unless_it_is_left_out(
    connections: ConnectionManager, data: Any
) -> None:
    await connections.connect(ID, data, now=NOW)
    assert (await _get(connections)).client_data == data
    assert (await _get(connections, with_client_data=False)).client_data is None


async def test_client_data_is_none_when_none_was_given(connections: ConnectionManager) -> None:
    await connections.connect(ID, now=NOW)
    assert (await _get(connections)).client_data is None


async def test_client_data_of_a_moment_ago_is_read_when_it_was_replaced(
    connections: ConnectionManager,
) -> None:
    connected = await connections.connect(ID, {"a": 1}, now=NOW)
    await connections.set_client_data(connected, {"a": 2})
    assert (await _get(connections)).client_data == {"a": 2}


@pytest.mark.parametrize("with_client_data", [True, False])
async def test_connection_is_none_when_only_its_client_data_is_left(
    connections: ConnectionManager, table: Table, with_client_data: bool
) -> None:
    await connections.connect(ID, {"a": 1}, now=NOW)
    await table.delete_all([connection_key("", ID)])
    assert await connections.get_connection(ID, with_client_data=with_client_data, now=NOW) is None


async def test_every_row_expires_with_the_session_when_that_ends_first(
    connections: ConnectionManager, rows: Rows
) -> None:
    await connections.connect(ID, {"a": 1}, user_id="ann", session_ends=NOW + 60_999, now=NOW)
    assert {row["expires_at"] for row in rows().values()} == {NOW // 1000 + 60}
    assert await connections.get_connection(ID, now=NOW + 59_999) is not None
    assert await connections.get_connection(ID, now=NOW + 60_000) is None


async def test_rows_expire_after_the_ttl_when_the_session_lasts_longer(
    connections: ConnectionManager, rows: Rows
) -> None:
    await connections.connect(ID, user_id="ann", session_ends=NOW + 10**9, now=NOW)
    assert {row["expires_at"] for row in rows().values()} == {EXPIRES_AT}


async def test_nothing_changes_when_the_same_connect_is_delivered_twice(
    connections: ConnectionManager, rows: Rows
) -> None:
    first = await connections.connect(ID, {"a": 1}, user_id="guest-1", now=NOW)
    before = rows()
    # A guest's id is made anew in each delivery: a second one must not leave an entry behind.
    assert await connections.connect(ID, {"a": 1}, user_id="guest-2", now=NOW + 5) == first
    assert rows() == before


async def test_last_seen_stays_when_the_same_connect_is_delivered_again_later(
    connections: ConnectionManager,
) -> None:
    await connections.connect(ID, now=NOW)
    await connections.update_last_seen(ID, now=NOW + 60_000)
    assert (await connections.connect(ID, connected_at=NOW, now=NOW + 60_001)).last_seen == NOW + 60_000


async def test_one_wins_when_the_same_connect_is_delivered_twice_at_once(
    connections: ConnectionManager, rows: Rows
) -> None:
    results = await asyncio.gather(
        *(connections.connect(ID, user_id=f"guest-{n}", now=NOW) for n in range(6))
    )
    assert len(set(results)) == 1
    assert set(rows()) == {key_of(ID), (f"user#{results[0].user_id}", ID)}


async def test_connect_takes_the_place_when_the_row_has_expired(connections: ConnectionManager) -> None:
    await connections.connect(ID, user_id="ann", now=NOW - TTL * 1000)
    connected = await connections.connect(ID, user_id="bob", now=NOW)
    assert await connections.get_connection(ID, now=NOW) == connected
    assert connected.user_id == "bob"


async def test_client_data_is_refused_when_it_does_not_fit_an_item(
    connections: ConnectionManager, rows: Rows
) -> None:
    with pytest.raises(ItemTooLargeError):
        await connections.connect(ID, "x" * 410_000, user_id="ann", now=NOW)
    assert rows() == {}


async def test_all_rows_go_when_disconnected(connections: ConnectionManager, rows: Rows) -> None:
    connected = await connections.connect(ID, {"a": 1}, user_id="ann", now=NOW)
    assert await connections.disconnect(ID, now=NOW) == connected
    assert rows() == {}
    assert await connections.get_connection(ID, now=NOW) is None


async def test_disconnect_is_none_when_repeated_or_unknown_or_expired(
    connections: ConnectionManager, rows: Rows
) -> None:
    await connections.connect(ID, user_id="ann", now=NOW)
    await connections.disconnect(ID, now=NOW)
    assert await connections.disconnect(ID, now=NOW) is None
    assert await connections.disconnect("never", now=NOW) is None
    await connections.connect(ID, now=NOW)
    assert await connections.disconnect(ID, now=EXPIRES_AT * 1000) is None
    assert rows() == {}


async def test_new_connection_stays_when_the_users_old_one_disconnects_late(
    connections: ConnectionManager,
) -> None:
    await connections.connect("old", user_id="ann", now=NOW)
    new = await connections.connect("new", user_id="ann", now=NOW + 1)
    await connections.disconnect("old", now=NOW + 30_000)
    assert [each.connection_id for each in await connections.connections_of("ann", now=NOW)] == ["new"]
    assert await connections.get_connection("new", now=NOW) == new


async def test_nothing_comes_back_when_a_message_arrives_after_disconnect(
    connections: ConnectionManager, rows: Rows
) -> None:
    await connections.connect(ID, user_id="ann", now=NOW)
    await connections.disconnect(ID, now=NOW)
    assert await connections.update_last_seen(ID, now=NOW + 60_000) is False
    assert rows() == {}


async def test_last_seen_moves_forward_only_and_not_too_often(connections: ConnectionManager) -> None:
    await connections.connect(ID, now=NOW)
    for after, seen in ((29_999, 0), (30_000, 30_000), (1, 30_000)):
        assert await connections.update_last_seen(ID, now=NOW + after) is True
        assert (await _get(connections)).last_seen == NOW + seen


async def test_one_touch_writes_when_many_come_at_once(make_table: MakeTable) -> None:
    answered: list[str] = []

    def listen(operation: str, request: Any, answer: Any) -> None:
        if not isinstance(answer, RequestRefusedError):
            answered.append(operation)

    connections = ConnectionManager(table=make_table(listener=listen))
    await connections.init_table()
    await connections.connect(ID, now=NOW)
    touches = (connections.update_last_seen(ID, now=NOW + 31_000) for _ in range(12))
    assert await asyncio.gather(*touches) == [True] * 12
    assert answered.count("UpdateItem") == 1


async def test_touch_finds_the_connection_gone_when_it_has_expired(connections: ConnectionManager) -> None:
    before = await connections.connect(ID, now=NOW)
    assert await connections.update_last_seen(ID, now=EXPIRES_AT * 1000) is False
    assert await connections.get_connection(ID, now=NOW) == before
    assert await connections.update_last_seen(ID, now=EXPIRES_AT * 1000 - 1)


async def test_other_attributes_stay_when_last_seen_moves(connections: ConnectionManager) -> None:
    before = await connections.connect(ID, {"a": 1}, user_id="ann", name="Ann", now=NOW)
    await connections.update_last_seen(ID, now=NOW + 31_000)
    after = await _get(connections)
    assert (after.user_id, after.name, after.connected_at, after.expires_at) == (
        before.user_id,
        before.name,
        before.connected_at,
        before.expires_at,
    )
    assert after.client_data == {"a": 1}


async def test_others_stay_when_some_are_pruned(connections: ConnectionManager, rows: Rows) -> None:
    for number in range(30):
        await connections.connect(f"c-{number}", {"a": number}, user_id="ann", now=NOW)
    await connections.prune([*(f"c-{number}" for number in range(1, 30)), "c-7", "unknown"], now=NOW)
    assert set(rows()) == {key_of("c-0"), ("data#c-0", "@"), ("user#ann", "c-0")}


async def test_users_entry_goes_when_pruned_after_its_connection(
    connections: ConnectionManager, table: Table, rows: Rows
) -> None:
    await connections.connect(ID, {"a": 1}, user_id="ann", now=NOW)
    await table.delete_all([connection_key("", ID)])  # as TTL does, some day
    await connections.prune([ID], user_id="ann", now=NOW)
    assert rows() == {}


async def test_prefixes_do_not_see_each_other_when_in_one_table(table: Table, rows: Rows) -> None:
    one, two = (
        ConnectionManager(table=table, partition="one"),
        ConnectionManager(table=table, partition="two"),
    )
    first = await one.connect(ID, {"a": 1}, user_id="ann", now=NOW)
    assert await two.get_connection(ID, now=NOW) is None
    assert [each async for each in two.stream(now=NOW)] == []
    assert await two.connections_of("ann", now=NOW) == []
    assert await two.disconnect(ID, now=NOW) is None
    assert await two.update_last_seen(ID, now=NOW + 60_000) is False
    assert await one.get_connection(ID, with_client_data=False, now=NOW) == first
    assert set(rows()) == {
        (key_of(ID)[0], f"~one/{ID}"),
        (f"one/data#{ID}", "@"),
        ("one/user#ann", ID),
    }


async def test_rows_of_a_later_release_are_read_when_they_carry_more(
    connections: ConnectionManager, ask: Ask, table: Table
) -> None:
    before = await connections.connect(ID, user_id="ann", now=NOW)
    pk, sk = key_of(ID)
    ask(
        "UpdateItem",
        TableName=table.name,
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET mood = :n",
        ExpressionAttributeValues={":n": {"N": "3"}},
    )
    ask("PutItem", TableName=table.name, Item={"pk": {"S": "user#ann"}, "sk": {"S": "@"}, "v": {"N": "7"}})
    assert await connections.get_connection(ID, now=NOW) == before
    assert [each.connection_id for each in await connections.connections_of("ann", now=NOW)] == [ID]


async def _get(connections: ConnectionManager, *, with_client_data: bool = True) -> Connection:
    found = await connections.get_connection(ID, with_client_data=with_client_data, now=NOW)
    assert found is not None
    return found
