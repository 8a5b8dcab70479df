"""F26 and F34, and answers lost on the way back: injected at the client, for every caller that writes."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from connection_store import (
    ConnectionManager,
    StoreBusyError,
    Table,
    TransactionConflictError,
)
from connection_store.budget import CALL_BUDGET
from tests.contract.conftest import MakeTable
from tests.contract.faults import Clock, FaultyClient, Trouble, conflict, refusal

NOW = 4_102_444_800_000

WRITERS: dict[str, Callable[[ConnectionManager], Awaitable[Any]]] = {
    "connect": lambda connections: connections.connect("new", {"a": 1}, user_id="bob", now=NOW),
    "connect alone": lambda connections: connections.connect("new", now=NOW),
    "disconnect": lambda connections: connections.disconnect("old", now=NOW),
    "prune": lambda connections: connections.prune(["old"], now=NOW),
    "update_last_seen": lambda connections: connections.update_last_seen("old", now=NOW + 31_000),
}
READERS: dict[str, Callable[[ConnectionManager], Awaitable[Any]]] = {
    "connections_of": lambda connections: connections.connections_of("ann", now=NOW),
    "get_connection": lambda connections: connections.get_connection("old", now=NOW),
    "page": lambda connections: connections.page(10, now=NOW),
}

Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]
Wrap = Callable[..., ConnectionManager]


@pytest.fixture
async def old(connections: ConnectionManager) -> None:
    await connections.connect("old", {"a": 1}, user_id="ann", now=NOW)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def faulty(client: Any, make_table: MakeTable, clock: Clock) -> Wrap:
    """Makes a manager on the same table whose client fails as planned."""

    def make(budget: float = 30.0, **trouble: Trouble) -> ConnectionManager:
        wrapped = FaultyClient(client, **trouble)
        return ConnectionManager(
            table=make_table(client=wrapped, budget=budget, clock=clock, sleep=clock.sleep)
        )

    return make


@pytest.fixture
async def expected(writer: str, make_table: MakeTable, client: Any, rows: Rows, old: None) -> dict[Any, Any]:
    """The rows after an undisturbed run, which is then undone."""
    table = make_table()
    before = client.scan(TableName=table.name)["Items"]
    await WRITERS[writer](ConnectionManager(table=table))
    after = rows()
    for pk, sk in after:
        client.delete_item(TableName=table.name, Key={"pk": {"S": pk}, "sk": {"S": sk}})
    for item in before:
        client.put_item(TableName=table.name, Item=item)
    return after


@pytest.mark.parametrize("writer", WRITERS)
async def test_f34_the_write_is_done_when_three_attempts_meet_a_conflict(
    writer: str, faulty: Wrap, rows: Rows, expected: dict[Any, Any]
) -> None:
    connections = faulty(before=lambda operation, attempt: conflict(operation) if attempt <= 3 else None)
    await WRITERS[writer](connections)
    assert rows() == expected


@pytest.mark.parametrize("writer", WRITERS)
async def test_f34_the_conflict_is_raised_when_the_fourth_attempt_meets_one(
    writer: str, faulty: Wrap, rows: Rows, old: None
) -> None:
    before = rows()
    with pytest.raises(TransactionConflictError):
        await WRITERS[writer](faulty(before=lambda operation, attempt: conflict(operation)))
    assert rows() == before


@pytest.mark.parametrize("writer", WRITERS)
async def test_rows_are_as_undisturbed_when_the_first_answer_is_lost(
    writer: str, faulty: Wrap, rows: Rows, expected: dict[Any, Any]
) -> None:
    await WRITERS[writer](faulty(after=lose_first))
    left = rows()
    if writer in {"disconnect", "prune"}:
        # The repetition cannot tell whose connection it was: the entry stays until it expires or is met.
        assert left.pop(("user#ann", "old"))
    assert left == expected


async def test_connect_returns_its_rows_when_the_first_answer_is_lost(faulty: Wrap, table: Table) -> None:
    for connection_id, user_id in (("with-user", "ann"), ("alone", None)):
        connections = faulty(after=lose_first)
        connected = await connections.connect(connection_id, user_id=user_id, now=NOW)
        assert connected == await connections.get_connection(connection_id, now=NOW)
        assert connected.user_id == user_id


@pytest.mark.parametrize("caller", [*WRITERS, *READERS])
async def test_f26_the_store_is_busy_within_the_budget_when_all_is_throttled(
    caller: str, faulty: Wrap, clock: Clock, rows: Rows, old: None
) -> None:
    before = rows()
    call = {**WRITERS, **READERS}[caller]
    throttled = refusal("ProvisionedThroughputExceededException")
    with pytest.raises(StoreBusyError):
        await call(faulty(CALL_BUDGET, before=lambda operation, attempt: throttled))
    assert sum(clock.pauses) < CALL_BUDGET
    assert len(clock.pauses) >= 4
    assert rows() == before


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
async def test_f26_what_was_acknowledged_is_there_when_some_calls_are_throttled(
    share: float, faulty: Wrap, connections: ConnectionManager
) -> None:
    chance = Random(7)

    def throttle(operation: str, attempt: int) -> BaseException | None:
        return refusal("ThrottlingException") if chance.random() < share else None

    disturbed = faulty(CALL_BUDGET, before=throttle)
    acknowledged: set[str] = set()
    for number in range(40):
        try:
            await disturbed.connect(f"c-{number}", user_id="ann", now=NOW)
        except StoreBusyError:
            continue
        acknowledged.add(f"c-{number}")
    assert {each.connection_id async for each in connections.stream(now=NOW)} == acknowledged
    assert {each.connection_id for each in await connections.connections_of("ann", now=NOW)} == acknowledged
    assert share > 0.5 or len(acknowledged) == 40


async def test_others_are_pruned_when_one_deletion_fails(
    faulty: Wrap, connections: ConnectionManager
) -> None:
    for number in range(10):
        await connections.connect(f"c-{number}", now=NOW)

    def deny_third(operation: str, attempt: int) -> BaseException | None:
        return refusal("AccessDeniedException") if (operation, attempt) == ("delete_item", 3) else None

    with pytest.raises(Exception, match="AccessDenied"):
        await faulty(before=deny_third).prune([f"c-{number}" for number in range(10)], now=NOW)
    assert len([each async for each in connections.stream(now=NOW)]) == 1


async def test_what_is_left_is_pruned_when_disconnect_dies_half_way(
    faulty: Wrap, connections: ConnectionManager, rows: Rows, old: None
) -> None:
    def die(operation: str, attempt: int) -> BaseException | None:
        return KeyboardInterrupt() if operation == "batch_write_item" else None

    with pytest.raises(KeyboardInterrupt):
        await faulty(before=die).disconnect("old", now=NOW)
    assert await connections.get_connection("old", now=NOW) is None
    [left] = await connections.connections_of("ann", now=NOW)
    assert await connections.connections_of("ann", now=left.expires_at * 1000) == []
    await connections.prune([left.connection_id], user_id="ann", now=NOW)
    assert rows() == {}


def lose_first(operation: str, attempt: int) -> BaseException | None:
    return ConnectionClosedError(endpoint_url="http://127.0.0.1") if attempt == 1 else None
