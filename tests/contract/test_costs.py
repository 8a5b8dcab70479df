"""What a connection costs: requests, which are CPU and latency, and units, which are money."""

import pytest

from connection_store import ConnectionManager
from connection_store.schema import connections_partition, shard_of
from signalbox.testing.capacity import CapacityMeter
from tests.contract.conftest import MakeTable
from tests.contract.instants import NOW

ID = "BFaT_fALIAMCKug="
CONNS = connections_partition(shard_of(ID))


@pytest.fixture
def meter() -> CapacityMeter:
    return CapacityMeter()


@pytest.fixture
async def metered(make_table: MakeTable, meter: CapacityMeter) -> ConnectionManager:
    connections = ConnectionManager(table=make_table(listener=meter))
    await connections.init_table()
    meter.requests.clear()
    return connections


async def test_connect_is_one_read_and_one_transaction_when_there_is_a_user(
    metered: ConnectionManager, meter: CapacityMeter
) -> None:
    await metered.connect(ID, user_id="ann", name="Ann", now=NOW)
    assert meter.requests == {"GetItem": 1, "TransactWriteItems": 1}
    assert meter.writes == {CONNS: 2, "user#ann": 4}


async def test_connect_is_one_put_when_there_is_no_user(
    metered: ConnectionManager, meter: CapacityMeter
) -> None:
    await metered.connect(ID, now=NOW)
    assert meter.requests == {"PutItem": 1}
    assert meter.writes == {CONNS: 1}


async def test_ping_is_one_read_and_one_write_in_thirty_seconds(
    metered: ConnectionManager, meter: CapacityMeter
) -> None:
    await metered.connect(ID, {"notes": "x" * 10_000}, user_id="ann", now=NOW)
    meter.requests.clear()
    meter.reads.clear()
    meter.writes.clear()
    for second in range(60):
        connection = await metered.get_connection(ID, with_client_data=False, now=NOW + second * 1000)
        assert connection is not None
        if metered.needs_touch(connection, NOW + second * 1000):
            assert await metered.update_last_seen(ID, now=NOW + second * 1000)
    assert meter.requests == {"GetItem": 60, "UpdateItem": 1}
    # The client data, ten units by itself, is not dragged along.
    assert (meter.reads, meter.writes) == ({CONNS: 30}, {CONNS: 1})


async def test_disconnect_is_two_requests(metered: ConnectionManager, meter: CapacityMeter) -> None:
    await metered.connect(ID, {"a": 1}, user_id="ann", now=NOW)
    meter.requests.clear()
    meter.writes.clear()
    await metered.disconnect(ID, now=NOW)
    assert meter.requests == {"UpdateItem": 1, "BatchWriteItem": 1}
    assert meter.writes == {CONNS: 2, "user#ann": 1, f"data#{ID}": 1}


async def test_second_read_is_paid_for_only_when_the_first_finds_nothing(
    metered: ConnectionManager, meter: CapacityMeter
) -> None:
    assert await metered.get_connection(ID, with_client_data=False, now=NOW) is None
    assert meter.requests == {"GetItem": 2}
    assert meter.reads == {CONNS: 1.5}


@pytest.mark.parametrize("data", [{"theme": "dark"}, None])
async def test_connection_and_its_client_data_are_one_batch(
    metered: ConnectionManager, meter: CapacityMeter, data: object
) -> None:
    await metered.connect(ID, data, now=NOW)
    meter.requests.clear()
    found = await metered.get_connection(ID, now=NOW)
    assert found is not None
    assert found.client_data == data
    assert meter.requests == {"BatchGetItem": 1}
    assert meter.reads == {CONNS: 1, f"data#{ID}": 1}


async def test_refused_write_is_charged(metered: ConnectionManager, meter: CapacityMeter) -> None:
    await metered.connect(ID, now=NOW)
    await metered.update_last_seen(ID, now=NOW)
    assert meter.writes == {CONNS: 2}


async def test_whole_listing_is_one_query_a_shard(metered: ConnectionManager, meter: CapacityMeter) -> None:
    await metered.connect(ID, now=NOW)
    meter.requests.clear()
    assert len((await metered.page(10, now=NOW)).connections) == 1
    assert meter.requests == {"Query": 32}
    assert sum(meter.reads.values()) == 16
