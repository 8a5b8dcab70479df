import asyncio

import pytest

from connection_store import (
    Connection,
    ConnectionManager,
    InvalidCursorError,
    InvalidKeyError,
    StoreBusyError,
    time_budget,
)
from signalbox.testing.capacity import CapacityMeter
from signalbox.testing.dynamodb import MemoryEngine
from tests.contract.faults import Clock, refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Held, Script

NOW = 1_767_225_600_000


async def test_f22_no_partition_is_hot_when_five_hundred_come_and_go_a_second(make_table: MakeTable) -> None:
    meter = CapacityMeter()
    connections = ConnectionManager(table=make_table(engine=MemoryEngine(), listener=meter))
    await connections.init_table()
    for second in range(2):
        meter.writes.clear()
        for number in range(500):
            now = NOW + second * 1_000 + number * 2
            connection_id = f"{second}{number:03}FaTfALIAMCKug="
            await connections.connect(connection_id, user_id=f"guest-{connection_id}", name="Ann", now=now)
            await connections.update_last_seen(connection_id, now=now)
            await connections.disconnect(connection_id, now=now)
        assert 0 < max(meter.writes.values()) < 300


ROW = {
    "pk": {"S": "conns#30"},
    "sk": {"S": "c-1"},
    "user": {"S": "ann"},
    "connected_at": {"N": str(NOW)},
    "last_seen": {"N": str(NOW)},
    "expires_at": {"N": str(NOW)},
    "v": {"N": "1"},
}


async def test_row_is_read_again_consistently_when_the_first_read_came_too_early(
    make_table: MakeTable,
) -> None:
    script = Script({}, {"Item": ROW})
    connections = ConnectionManager(table=make_table(engine=script))
    found = await connections.get_connection("c-1", with_client_data=False, now=NOW)
    assert found is not None
    assert [request["ConsistentRead"] for _, request in script.requests] == [False, True]


async def test_users_connections_are_read_consistently(make_table: MakeTable) -> None:
    """F25: a direct message may follow the $connect it is for at once."""
    script = Script({"Items": []})
    await ConnectionManager(table=make_table(engine=script)).connections_of("ann", now=NOW)
    assert [request["ConsistentRead"] for _, request in script.requests] == [True]


async def test_connections_row_expires_first_and_goes_last_when_disconnecting(make_table: MakeTable) -> None:
    """Once it has expired, nobody can add to what is read and deleted after it; F32: for whatever clock."""
    subscription = {
        "pk": {"S": "subs#c-1"},
        "sk": {"S": "room:1"},
        "shard": {"N": "3"},
        "watched": {"BOOL": False},
        "expires_at": {"N": str(NOW)},
    }
    script = Script({"Attributes": {**ROW, "channels": {"N": "1"}}}, {"Items": [subscription]}, {})
    await ConnectionManager(table=make_table(engine=script)).disconnect("c-1", now=NOW)
    [(first, ending), (second, query), (third, batch)] = script.requests
    assert (first, second, third) == ("UpdateItem", "Query", "BatchWriteItem")
    assert ending["Key"]["pk"]["S"] == "conns#30"
    assert ending["ExpressionAttributeValues"] == {":ended": {"N": str(NOW // 1000 - 3_600)}}
    assert query["ConsistentRead"]
    keys = [entry["DeleteRequest"]["Key"]["pk"]["S"] for entry in batch["RequestItems"]["table"]]
    assert keys == ["data#c-1", "user#ann", "chan#room:1#3", "subs#c-1", "conns#30"]


async def test_budget_around_a_stream_caps_what_is_read_ahead(make_table: MakeTable, clock: Clock) -> None:
    connections = ConnectionManager(table=make_table(refusal("ThrottlingException")))
    with time_budget(0.2, clock=clock), pytest.raises(StoreBusyError):
        await connections.page(10, now=NOW)
    # The pauses of queries that run side by side pass one after the other on this clock.
    assert clock.now - 1_000 < 0.2 + 4 * 0.4


@pytest.mark.parametrize(("after", "needed"), [(0, False), (29_999, False), (30_000, True), (-5, False)])
def test_touch_is_needed_once_in_thirty_seconds(make_table: MakeTable, after: int, needed: bool) -> None:
    connection = Connection("c-1", None, None, NOW - 60_000, NOW, NOW // 1000 + 60)
    connections = ConnectionManager(table=make_table({}))
    assert connections.needs_touch(connection, NOW + after) is needed


@pytest.mark.parametrize("limit", [0, -1, 1_001])
async def test_page_is_refused_when_its_limit_is_out_of_range(make_table: MakeTable, limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        await ConnectionManager(table=make_table({})).page(limit)


async def test_nothing_is_asked_when_an_argument_makes_no_sense(make_table: MakeTable) -> None:
    script = Script({})
    connections = ConnectionManager(table=make_table(engine=script))
    with pytest.raises(InvalidKeyError):
        await connections.connect("no such id")
    with pytest.raises(InvalidKeyError):
        await connections.connections_of("")
    with pytest.raises(InvalidKeyError):
        await connections.prune(["c-1", "c 2"])
    with pytest.raises(InvalidCursorError):
        await connections.page(10, "no such cursor")
    with pytest.raises(ValueError, match="JSON"):
        await connections.connect("c-1", float("nan"))
    with pytest.raises(InvalidKeyError):
        ConnectionManager(partition="a/b")
    assert script.requests == []


async def test_wall_clock_is_used_when_no_time_is_given(make_table: MakeTable) -> None:
    connected = await ConnectionManager(table=make_table({}), connection_ttl=60).connect("c-1")
    assert connected.connected_at > NOW
    assert connected.expires_at == connected.connected_at // 1000 + 60


def test_f29_store_serves_one_loop_after_the_other(make_table: MakeTable) -> None:
    connections = ConnectionManager(table=make_table({"Items": []}))

    async def invocation() -> list[Connection]:
        found = list((await connections.page(10, now=NOW)).connections)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return found

    assert asyncio.run(invocation()) == asyncio.run(invocation()) == []


async def test_manager_is_cheap_to_make_when_no_table_is_given() -> None:
    connections = ConnectionManager()
    connections.warm()
    await connections.close()
    assert ConnectionManager("other", table=None) is not connections


async def test_prune_asks_nothing_when_nobody_is_gone(make_table: MakeTable) -> None:
    script = Script({})
    await ConnectionManager(table=make_table(engine=script)).prune([])
    assert script.requests == []


async def test_table_given_is_the_table_used(make_table: MakeTable) -> None:
    script = Script({"Attributes": ROW, "Items": []})
    await ConnectionManager("another", table=make_table(engine=script)).disconnect("c-1")
    names = [request.get("TableName") or [*request["RequestItems"]] for _, request in script.requests]
    assert names == ["table", ["table"]]


async def test_engine_given_stays_open_when_the_manager_is_closed(make_table: MakeTable) -> None:
    held = Held()
    await ConnectionManager(table=make_table(engine=held)).close()
    assert not held.released.is_set()
