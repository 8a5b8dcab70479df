"""S09: nobody sends more than they may, however many sandboxes they meet.

Covers signalbox.realtime.sessions.limits.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from connection_store import Allowances, Connection, ConnectionGoneError, ConnectionManager, Rate, Table
from signalbox.realtime.sessions.limits import MOST_CONNECTIONS, Buckets
from signalbox.testing.capacity import CapacityMeter
from tests.contract.instants import NOW as LATE
from tests.framework.realtime.backend import NOW, Backend

CHAT = Rate(steady=5, burst=30)
ACTION = {"action": "channel.publish", "channel": "live:1", "data": 1}

MakeTable = Callable[..., Table]


@pytest.fixture
def sandboxes(backend: Backend) -> list[Backend]:
    """Two that share a table, and a connection."""
    backend.connect("a=")
    return [backend, Backend(engine=backend.engine)]


def outcome(answer: Any) -> str:
    return str(answer.get("code", answer["type"]))


def flood(sandboxes: list[Backend], message: Any, now: int, count: int) -> list[str]:
    turns = itertools.islice(itertools.cycle(sandboxes), count)
    return [outcome(sandbox.send("a=", message, now)) for sandbox in turns]


async def test_s09_burst_is_counted_exactly_when_two_sandboxes_count_at_once(
    table: Table, make_table: MakeTable
) -> None:
    connection = await ConnectionManager(table=table).connect("a=", now=LATE)
    tables = [make_table() for _ in range(2)]
    turns = [Allowances(tables[number % 2]) for number in range(40)]

    # Each believes what was there before the first.
    waits = await asyncio.gather(*(each.take(connection, Rate(5, 8), now=LATE) for each in turns))

    assert waits.count(0) <= 8
    for _ in range(8):  # who gave up was told to come again
        waits.append(await turns[0].take(connection, Rate(5, 8), now=LATE))
    assert waits.count(0) == 8
    assert min(wait for wait in waits if wait) >= 200


async def test_s09_steady_goes_on_for_ever_and_a_bit_faster_does_not(table: Table) -> None:
    connections, allowances = ConnectionManager(table=table), Allowances(table)
    await connections.connect("a=", now=LATE)

    async def refused(interval: int, count: int, start: int) -> int:
        number = 0
        for now in range(start, start + interval * count, interval):
            connection = await connections.get_connection("a=", now=now)
            assert connection is not None
            number += await allowances.take(connection, Rate(5, 4), now=now) > 0
        return number

    assert await refused(200, 20, LATE) == 0
    assert await refused(100, 20, LATE + 60_000) == 20 - (4 + 1_900 // 200)


async def test_s09_message_that_is_counted_says_that_its_connection_lives(table: Table) -> None:
    connections, allowances = ConnectionManager(table=table), Allowances(table)
    before = await connections.connect("a=", now=LATE)

    for now in (LATE + 5_000, LATE + 3_000):  # they come out of order
        assert await allowances.take(before, CHAT, now=now) == 0
        found = await connections.get_connection("a=", now=now)
        assert found is not None
        assert found.last_seen == LATE + 5_000


async def test_s09_nothing_comes_back_when_the_connection_has_ended(table: Table) -> None:
    connections = ConnectionManager(table=table)
    connection = await connections.connect("a=", now=LATE)
    await connections.disconnect("a=", now=LATE)

    with pytest.raises(ConnectionGoneError):
        await Allowances(table).take(connection, CHAT, now=LATE)
    assert await connections.get_connection("a=", now=LATE) is None


async def test_s09_counting_is_one_request_and_a_refusal_none(make_table: MakeTable, table: Table) -> None:
    meter = CapacityMeter()
    allowances = Allowances(make_table(listener=meter))
    connections = ConnectionManager(table=table)
    connection = await connections.connect("a=", now=LATE)

    assert await allowances.take(connection, Rate(5, 1), now=LATE) == 0
    assert meter.requests == {"UpdateItem": 1}
    busy = await connections.get_connection("a=", now=LATE)
    assert isinstance(busy, Connection)
    assert await allowances.take(busy, Rate(5, 1), now=LATE + 1) == 199
    assert meter.requests == {"UpdateItem": 1}


def test_s09_burst_is_served_and_no_more_across_two_sandboxes(sandboxes: list[Backend]) -> None:
    sandboxes[0].subscribe("a=", "live:1", now=NOW - 10_000)

    answers = flood(sandboxes, ACTION, NOW, 34)

    assert answers == ["channel.published"] * 30 + ["rate_limited"] * 4
    frame = sandboxes[0].send("a=", {**ACTION, "id": 7}, NOW)
    assert {name: frame[name] for name in ("retry", "id", "retry_after")} == {
        "retry": True,
        "id": 7,
        "retry_after": 0.2,
    }
    assert outcome(sandboxes[1].send("a=", ACTION, NOW + 199)) == "rate_limited"
    assert outcome(sandboxes[1].send("a=", ACTION, NOW + 200)) == "channel.published"


def test_s09_every_message_that_stores_or_is_sent_on_is_counted_and_no_other() -> None:
    backend = Backend(SEND_BURST="1", SEND_RATE="0.001")
    asyncio.run(backend.connections.init_table())
    answers = {}
    for number, route in enumerate(backend.application.message_keys):
        backend.connect(f"{number}=")
        refusals = {outcome(backend.send(f"{number}=", {"action": route}, NOW)) for _ in range(2)}
        answers[route] = "rate_limited" in refusals

    assert {route for route, counted in answers.items() if not counted} == {
        "channel.history",
        "hello",
        "ping",
        "presence.get",
        "who",
        "whoami",
    }


def test_s09_flood_of_pings_costs_nothing_when_refused(sandboxes: list[Backend]) -> None:
    (one, other), ping = sandboxes, {"action": "ping"}
    assert flood([one], ping, NOW, 100) == ["pong"] * 100
    one.meter.requests.clear()

    assert flood([one], ping, NOW, 10) == ["rate_limited"] * 10
    assert one.meter.requests == {}
    assert one.send("a=", "not json", NOW)["code"] == "rate_limited"
    # Each sandbox counts for itself: that is the price of counting for nothing.
    assert flood([other], ping, NOW, 1) == ["pong"]
    assert flood([one], ping, NOW + 50, 2) == ["pong", "rate_limited"]


def test_s09_others_are_served_when_one_floods(sandboxes: list[Backend]) -> None:
    backend = sandboxes[0]
    backend.connect("b=")
    flood([backend], {"action": "ping"}, NOW, 110)

    assert backend.send("b=", {"action": "ping"}, NOW)["type"] == "pong"


def test_s09_who_goes_on_all_the_same_is_disconnected(sandboxes: list[Backend]) -> None:
    backend = sandboxes[0]
    backend.connect("b=", name="Bob")
    backend.subscribe("b=", "room:1")
    backend.subscribe("a=", "room:1")

    flood([backend], {"action": "ping"}, NOW, 99 + 20)
    assert backend.gateway.closed == []
    assert outcome(backend.send("a=", {"action": "ping"}, NOW)) == "rate_limited"

    flood([backend], {"action": "ping"}, NOW, 20)  # sent before it knew
    assert backend.gateway.closed == ["a="]
    assert backend.frames_to("a=")[-1] == {
        "v": 1,
        "type": "disconnect",
        "code": "rate_limited",
        "reconnect": False,
    }
    assert backend.frames_to("b=")[-1]["type"] == "presence.left"
    assert outcome(sandboxes[1].send("a=", {"action": "ping"}, NOW)) == "connection_gone"


def test_s09_who_is_refused_now_and_then_stays() -> None:
    backend = Backend(MESSAGE_RATE="1", MESSAGE_BURST="1")
    asyncio.run(backend.connections.init_table())
    backend.connect("a=")
    for second in range(0, 120, 2):
        answers = flood([backend], {"action": "ping"}, NOW + second * 1_000, 2)
        assert answers == ["pong", "rate_limited"]

    assert backend.gateway.closed == []


def test_s09_tenants_connection_is_ended_when_it_floods(backend: Backend) -> None:
    user = {"principalId": "ann", "tenant": "acme"}
    backend.connect("a=", authorizer=user)
    for _ in range(121):
        backend.send("a=", {"action": "ping"}, NOW, authorizer=user)

    assert backend.gateway.closed == ["a="]
    assert asyncio.run(backend.services.of("acme").connections.get_connection("a=", now=NOW)) is None


def test_s09_sandbox_forgets_who_is_idle_before_it_remembers_too_many() -> None:
    buckets = Buckets(Rate(1, 1))
    for number in range(MOST_CONNECTIONS):
        assert buckets.take(f"{number}", NOW) == 0

    assert buckets.take("late", NOW + 500) == 0
    assert len(buckets._busy_until) == 1  # all were busy: better to forget than to pay
    for number in range(MOST_CONNECTIONS - 1):
        buckets.take(f"{number}", NOW + number)
    assert buckets.take("new", NOW + 1_500) == 0  # those until 500 are idle by now
    assert len(buckets._busy_until) == MOST_CONNECTIONS - 500 - 1


def test_s09_limits_are_settings() -> None:
    backend = Backend(MESSAGE_BURST="1000")
    asyncio.run(backend.connections.init_table())
    backend.connect("a=")

    assert flood([backend], {"action": "ping"}, NOW, 150) == ["pong"] * 150
