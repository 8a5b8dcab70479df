"""Roles that change while somebody is connected."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from signalbox import NOBODY, Application, Namespace, Roles
from signalbox.moment import Moment
from tests.framework.realtime.backend import NOW, Backend

STAFF = Roles({"staff"})
ANN = {"principalId": "ann", "roles": '["staff"]'}


@pytest.fixture
async def backend() -> Backend:
    """An application in which `members` is for staff, and `room` for everybody."""
    users = Roles({"user"})
    namespaces = {
        "members": Namespace(allow_subscribe=STAFF, allow_publish=STAFF),
        "room": Namespace(allow_subscribe=users, allow_history=NOBODY),
        "news": Namespace(allow_subscribe=STAFF, allow_history=NOBODY, presence=False, shards=16),
        **dict.fromkeys(("live", "user"), Namespace(allow_subscribe=NOBODY)),
    }
    backend = Backend(Application(namespaces=namespaces, messages={"broadcast": STAFF}))
    await backend.connections.init_table()
    return backend


def change(backend: Backend, user_id: str, roles: Collection[str], now: int = NOW) -> int:
    return asyncio.run(backend.services.role_changes.change_roles(user_id, roles, Moment(now, lambda: 9.0)))


def refused(frame: Any) -> bool:
    return bool(frame.get("code") == "forbidden")


async def test_next_message_sees_the_roles_when_they_have_changed(backend: Backend) -> None:
    backend.connect("a=", authorizer={"principalId": "ann"})
    shout = {"action": "broadcast", "data": 1}
    assert refused(backend.send("a=", shout, authorizer={"principalId": "ann"}))

    assert await asyncio.to_thread(change, backend, "ann", ["staff"]) == 1
    assert backend.send("a=", shout, authorizer={"principalId": "ann"})["sent"] == 1
    await asyncio.to_thread(change, backend, "ann", [])
    assert refused(backend.send("a=", shout, authorizer=ANN))


def test_two_requests_for_each_connection_are_made_when_roles_change(backend: Backend) -> None:
    for connection in ("a=", "b="):
        backend.connect(connection, authorizer=ANN)
    backend.meter.requests.clear()

    change(backend, "ann", ["staff", "writer"])

    assert backend.meter.requests == {"Query": 1 + 2, "UpdateItem": 2}


async def test_every_connection_of_the_user_has_them_and_nobody_elses(backend: Backend) -> None:
    for connection in ("a=", "b=", "c="):
        backend.connect(connection, authorizer=ANN if connection != "c=" else {**ANN, "principalId": "bob"})

    assert await asyncio.to_thread(change, backend, "ann", ["writer"]) == 2

    rows = [await backend.connections.get_connection(each, now=NOW) for each in ("a=", "b=", "c=")]
    assert [row.roles for row in rows if row] == [{"writer"}, {"writer"}, None]
    assert await asyncio.to_thread(change, backend, "nobody", ["writer"]) == 0


async def test_g6_subscriptions_end_at_once_when_the_roles_allow_them_no_more(backend: Backend) -> None:
    for connection in ("a=", "b="):
        authorizer = {**ANN, "principalId": connection[0]}
        backend.connect(connection, name=connection[0], authorizer=authorizer)
        backend.subscribe(connection, "members:1", "members:2", "room:1", authorizer=authorizer)
    backend.gateway.posts.clear()

    await asyncio.to_thread(change, backend, "a", [])

    told = {"v": 1, "type": "channel.unsubscribed", "channels": ["members:1", "members:2"], "beat": 60}
    assert backend.frames_to("a=") == [told]
    left = [(each["type"], each["channel"]) for each in backend.frames_to("b=")]
    assert sorted(left) == [("presence.left", "members:1"), ("presence.left", "members:2")]
    authorizer = {**ANN, "principalId": "b"}
    backend.gateway.posts.clear()
    backend.send(
        "b=", {"action": "channel.publish", "channel": "members:1", "data": 1}, authorizer=authorizer
    )
    assert [each["type"] for each in backend.frames_to("b=")] == ["publication"]
    assert backend.frames_to("a=") == []


async def test_g6_subscribe_under_way_is_refused_when_the_roles_change(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.connect("a=", authorizer=ANN)
    subscribe = type(backend.services.channels._subscriptions).subscribe

    async def overtaken(self: Any, *arguments: Any, **options: Any) -> Any:
        await backend.services.role_changes.change_roles("ann", [], Moment(NOW, lambda: 9.0))
        return await subscribe(self, *arguments, **options)

    monkeypatch.setattr("connection_store.Subscriptions.subscribe", overtaken)
    assert backend.subscribe("a=", "members:1", authorizer=ANN)["code"] == "conflict"
    monkeypatch.undo()

    assert refused(backend.subscribe("a=", "members:1", authorizer=ANN))
    found = backend.services.channels._subscriptions.subscribers("members:1", now=NOW)
    assert [each async for each in found] == []


async def test_all_subscriptions_end_when_there_are_more_than_one_request_holds(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalbox.realtime.channels.channels.MOST_AT_ONCE", 2)
    names = [f"news:{number}" for number in range(5)]
    backend.connect("a=", authorizer=ANN)
    backend.subscribe("a=", *names, authorizer=ANN)

    await asyncio.to_thread(change, backend, "ann", [])

    (told,) = backend.frames_to("a=")
    assert (told["channels"], told["beat"]) == (names, 480)
    assert await backend.services.channels._subscriptions.subscriptions_of("a=", now=NOW) == []


def test_roles_are_refused_when_no_row_has_room_for_them(backend: Backend) -> None:
    backend.connect("a=", authorizer=ANN)

    with pytest.raises(ValueError, match="256 characters"):
        change(backend, "ann", ["x" * 256])
