"""The documented manager under the policy that its users know: five actions of DynamoDB."""

from collections.abc import Callable
from typing import Any

import pytest

from connection_store import AccessDeniedError, ConnectionManager, Table
from tests.contract.conftest import MakeTable, Rows
from tests.contract.instants import NOW, WatchedEngine
from tests.contract.permissions import CLASSIC, PermittedEngine, actions_of

ID = "BFaT_fALIAMCKug="
GROUPS = [f"team:{n}" for n in range(15)]


@pytest.fixture
def permitted(engine: WatchedEngine) -> PermittedEngine:
    return PermittedEngine(engine)


@pytest.fixture
async def classic(table: Table, permitted: PermittedEngine, make_table: MakeTable) -> ConnectionManager:
    """A manager of the table, which may do no more than the five actions."""
    return ConnectionManager(table=make_table(engine=permitted))


async def test_connection_lives_its_life_and_leaves_nothing(classic: ConnectionManager, rows: Rows) -> None:
    await classic.connect(ID, {"theme": "dark"}, user_id="ann", now=NOW)
    found = await classic.get_connection(ID, now=NOW)
    assert found is not None
    assert found.client_data == {"theme": "dark"}
    assert await classic.update_last_seen(ID, now=NOW + 60_000) is True
    assert await classic.disconnect(ID, now=NOW + 60_001) is not None
    assert await classic.get_connection(ID, now=NOW + 60_001) is None
    assert await classic.update_last_seen(ID, now=NOW + 60_001) is False
    assert rows() == {}


async def test_connection_without_user_and_data_lives_and_leaves_nothing(
    classic: ConnectionManager, rows: Rows
) -> None:
    connected = await classic.connect(ID, now=NOW)
    assert await classic.get_connection(ID, now=NOW) == connected
    await classic.disconnect(ID, now=NOW)
    assert rows() == {}


async def test_groups_work_and_leave_nothing_but_their_heads(classic: ConnectionManager, rows: Rows) -> None:
    await classic.create_group(GROUPS[0], shards=16, now=NOW)
    await classic.connect(ID, user_id="ann", now=NOW)
    for group in GROUPS:
        await classic.add_to_group(group, ID, now=NOW)
        assert await classic.get_group_connections(group, now=NOW) == [ID]
    await classic.remove_from_group(GROUPS[0], ID, now=NOW)
    assert await classic.get_group_connections(GROUPS[0], now=NOW) == []
    await classic.disconnect(ID, now=NOW)
    assert {pk for pk, _ in rows()} == {f"hist#{group}" for group in GROUPS}


async def test_refused_batches_are_not_asked_for_again(
    classic: ConnectionManager, permitted: PermittedEngine
) -> None:
    for number in range(3):
        await classic.connect(f"c-{number}", {"a": 1}, now=NOW)
        await classic.get_connection(f"c-{number}", now=NOW)
        await classic.disconnect(f"c-{number}", now=NOW)
    assert permitted.refused == {"BatchGetItem": 1, "BatchWriteItem": 1}


async def one_of_everything(connections: ConnectionManager) -> None:
    await connections.create_group("team:1", now=NOW)
    await connections.connect(ID, {"a": 1}, user_id="ann", now=NOW)
    await connections.get_connection(ID, now=NOW)
    await connections.add_to_group("team:1", ID, now=NOW)
    await connections.get_group_connections("team:1", now=NOW)
    await connections.update_last_seen(ID, now=NOW + 60_000)
    await connections.remove_from_group("team:1", ID, now=NOW + 60_000)
    await connections.disconnect(ID, now=NOW + 60_000)


@pytest.mark.parametrize("action", sorted(CLASSIC))
async def test_manager_is_refused_when_one_of_the_five_is_missing(
    table: Table, engine: WatchedEngine, make_table: MakeTable, action: str
) -> None:
    without = PermittedEngine(engine, CLASSIC - {action})
    with pytest.raises(AccessDeniedError):
        await one_of_everything(ConnectionManager(table=make_table(engine=without)))


OTHERS: dict[str, tuple[str, Callable[[ConnectionManager], Any]]] = {
    "init_table": ("DescribeTable", lambda connections: connections.init_table()),
    "forget": ("BatchWriteItem", lambda connections: _forget(connections)),
    "prune": ("BatchWriteItem", lambda connections: connections.prune(["c-1"], now=NOW)),
}


async def _forget(connections: ConnectionManager) -> None:
    await connections.forget(await connections.end_connection("c-1", now=NOW))


@pytest.mark.parametrize("name", OTHERS)
async def test_other_methods_name_the_action_that_they_lack(
    classic: ConnectionManager, permitted: PermittedEngine, name: str
) -> None:
    action, call = OTHERS[name]
    await classic.connect("c-1", now=NOW)
    with pytest.raises(AccessDeniedError, match=f"{action}: AccessDeniedException"):
        await call(classic)
    assert set(permitted.refused) == {action}


def test_transaction_is_judged_by_its_items() -> None:
    """As in "IAM policies for DynamoDB transactions" of the Developer Guide."""
    items: list[dict[str, object]] = [{"Put": {}}, {"Update": {}}, {"Put": {}}]
    assert actions_of("TransactWriteItems", {"TransactItems": items}) == {"PutItem", "UpdateItem"}
