"""F01: connections that a post finds gone are ended, and their channels are told.

Covers connection_store.endings.
"""

from collections.abc import Callable
from typing import Any

import pytest

from connection_store import (
    Channel,
    ConnectionManager,
    EndedConnection,
    Presence,
    PresenceList,
    Subscriptions,
    Table,
)
from connection_store.schema import Key
from tests.contract.instants import NOW

ROOM = Channel("chat:1", watched=True)
NOTHING_OF_ANYBODY = {("hist#chat:1", "@")}

Join = Callable[[str, str], Any]
Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]


@pytest.fixture
def join(connections: ConnectionManager, subscriptions: Subscriptions) -> Join:
    async def join(connection_id: str, user_id: str) -> None:
        connection = await connections.connect(
            connection_id, {"a": 1}, user_id=user_id, name=user_id, now=NOW
        )
        await subscriptions.subscribe(connection, [ROOM], now=NOW)

    return join


async def swept(connections: ConnectionManager) -> list[EndedConnection]:
    return [each async for some in connections.sweep(now=NOW + 1_000) for each in some]


async def test_f01_nobody_meets_them_any_more_when_a_publish_finds_the_connections_gone(
    join: Join,
    connections: ConnectionManager,
    subscriptions: Subscriptions,
    presence: Presence,
    rows: Rows,
) -> None:
    for number in range(30):
        await join(f"c-{number}", f"user-{number}")
    everybody = [each.connection_id async for each in subscriptions.subscribers("chat:1", now=NOW)]
    await connections.prune(everybody, now=NOW)
    assert [each async for each in subscriptions.subscribers("chat:1", now=NOW)] == []
    assert await presence.get("chat:1", now=NOW) == PresenceList((), 0)
    assert [each async for each in connections.stream(now=NOW)] == []
    for number in range(30):
        assert await connections.get_connection(f"c-{number}", now=NOW) is None
        assert await connections.connections_of(f"user-{number}", now=NOW) == []
    # What is left is for who tells that they left.
    assert {pk.partition("#")[0] for pk, _ in rows()} == {"hist", "conns", "subs", "data"}
    departures = await swept(connections)
    assert {(each.user_id, *(s.channel for s in each.subscriptions)) for each in departures} == {
        (f"user-{n}", "chat:1") for n in range(30)
    }
    await connections.forget(*departures)
    assert set(rows()) == NOTHING_OF_ANYBODY


async def test_pruned_connection_is_news_to_the_disconnect_that_follows(
    join: Join, connections: ConnectionManager, rows: Rows
) -> None:
    await join("c-1", "ann")
    await connections.prune(["c-1"], now=NOW)
    departure = await connections.end_connection("c-1", now=NOW - 100)
    assert departure.connection is not None
    assert departure.connection.name == "ann"
    assert [each.channel for each in departure.subscriptions] == ["chat:1"]
    await connections.forget(departure)
    assert set(rows()) == NOTHING_OF_ANYBODY
    assert await swept(connections) == []


async def test_subscriptions_go_when_pruned_after_their_connection(
    join: Join, connections: ConnectionManager, table: Table, rows: Rows
) -> None:
    await join("c-1", "ann")
    own = next(key for key in rows() if key[0].startswith("conns"))
    await table.delete_all([Key(*own)])
    await connections.prune(["c-1"], user_id="ann", now=NOW)
    assert set(rows()) == NOTHING_OF_ANYBODY
