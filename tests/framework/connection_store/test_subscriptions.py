import asyncio

from connection_store import Channel, ConnectionManager, Subscriptions
from signalbox.testing.capacity import CapacityMeter
from signalbox.testing.dynamodb import MemoryEngine
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Script

NOW = 1_767_225_600_000


async def test_f22_no_partition_is_hot_when_five_hundred_join_one_channel_a_second(
    make_table: MakeTable,
) -> None:
    meter = CapacityMeter()
    table = make_table(engine=MemoryEngine(), listener=meter)
    await table.create()
    connections, subscriptions = ConnectionManager(table=table), Subscriptions(table)
    lobby = Channel("chat:lobby", shards=4)

    async def join(second: int, number: int) -> None:
        now, connection_id = NOW + second * 1_000 + number * 2, f"{second:02}{number:03}FaTfALIAMCKug="
        user_id = f"guest-{connection_id}"
        connection = await connections.connect(connection_id, user_id=user_id, name="Ann", now=now)
        await subscriptions.subscribe(connection, [lobby], now=now)

    await join(0, 999)  # the first makes the HEAD, milliseconds before the next ones read it
    for second in range(2):
        meter.writes.clear()
        await asyncio.gather(*(join(second, number) for number in range(500)))
        assert 0 < max(meter.writes.values()) < 300


async def test_subscribers_are_read_consistently_unless_asked_otherwise(make_table: MakeTable) -> None:
    for consistent in (True, False):
        script = Script({"Items": []})
        stream = Subscriptions(make_table(engine=script)).subscribers(
            "chat:1", shards=16, consistent=consistent, now=NOW
        )
        assert [each async for each in stream] == []
        assert [request["ConsistentRead"] for _, request in script.requests] == [consistent] * 16


async def test_head_is_read_consistently_and_after_the_transaction_when_subscribing(
    make_table: MakeTable,
) -> None:
    """Section 3 of the guarantees: subscribe, then read; HEAD before anything that follows from it."""
    script = Script({}, {"Responses": {"table": []}}, {})
    table = make_table(engine=script)
    connection = await ConnectionManager(table=make_table({})).connect("c-1", now=NOW)
    await Subscriptions(table).subscribe(connection, [Channel("chat:1"), Channel("chat:2")], now=NOW)
    operations = [operation for operation, _ in script.requests]
    assert operations == ["TransactWriteItems", "BatchGetItem", "PutItem", "PutItem"]
    assert script.requests[1][1]["RequestItems"]["table"]["ConsistentRead"]
