"""Groups are channels by another name."""

import ast
import re
from pathlib import Path

import pytest

import connection_store
from connection_store import Channel, ConnectionGoneError, ConnectionManager, Subscriptions
from tests.contract.conftest import EVERY_ENGINE
from tests.contract.instants import NOW

DOCUMENT = Path(__file__).parents[2] / "docs" / "publishing.md"
ID = "BFaT_fALIAMCKug="


@pytest.fixture(params=EVERY_ENGINE)
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def test_group_holds_whom_one_added(connections: ConnectionManager) -> None:
    await connections.create_group("team:1", shards=16, now=NOW)
    for connection_id in ("c-1", "c-2"):
        await connections.connect(connection_id, now=NOW)
        await connections.add_to_group("team:1", connection_id, now=NOW)
    assert sorted(await connections.get_group_connections("team:1", now=NOW)) == ["c-1", "c-2"]
    await connections.remove_from_group("team:1", "c-1", now=NOW)
    await connections.remove_from_group("team:1", "c-1", now=NOW)
    assert await connections.get_group_connections("team:1", now=NOW) == ["c-2"]
    await connections.disconnect("c-2", now=NOW)
    assert await connections.get_group_connections("team:1", now=NOW) == []
    assert await connections.get_group_connections("nobody", now=NOW) == []
    with pytest.raises(ConnectionGoneError):
        await connections.add_to_group("team:1", "c-2", now=NOW)


async def test_group_and_channel_are_one(
    connections: ConnectionManager, subscriptions: Subscriptions
) -> None:
    ann = await connections.connect(ID, now=NOW)
    await subscriptions.subscribe(ann, [Channel("chat:1")], now=NOW)
    assert await connections.get_group_connections("chat:1", now=NOW) == [ID]
    await connections.remove_from_group("chat:1", ID, now=NOW)
    assert await subscriptions.subscription(ID, "chat:1", now=NOW) is None
    await connections.add_to_group("chat:1", ID, now=NOW)
    assert [each.connection_id async for each in subscriptions.subscribers("chat:1", now=NOW)] == [ID]


async def test_groups_are_as_documented(
    connections: ConnectionManager, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section = DOCUMENT.read_text().split("## Groups")[1]
    [example] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    monkeypatch.setattr(connection_store, "ConnectionManager", lambda table_name: connections)
    await connections.connect(ID)
    await eval(compile(example, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), {})
    assert capsys.readouterr().out == f"['{ID}']\n"
    assert await connections.get_group_connections("room:42") == []
