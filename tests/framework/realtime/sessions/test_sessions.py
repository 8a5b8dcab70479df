"""Roles that change while somebody is connected."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from signalbox.realtime.policy import ROUTES, Access, Policy, Roles
from tests.framework.realtime.backend import NOW, Bench

STAFF = Roles({"staff"})
ANN = {"principalId": "ann", "roles": '["staff"]'}


@pytest.fixture
async def bench(aws: None) -> Bench:
    """An application in which `members` is for staff, and `room` for everybody."""
    policy = Policy(
        routes={**ROUTES, "broadcast": STAFF},
        channels={
            "members": Access(subscribe=STAFF, history=STAFF, presence=STAFF, publish=STAFF),
            "room": Access(subscribe=Roles({"user"}), presence=Roles({"user"})),
            "news": Access(subscribe=STAFF),
            **dict.fromkeys(("live", "user"), Access()),
        },
    )
    bench = Bench(policy)
    await bench.connections.init_table()
    return bench


def change(bench: Bench, user_id: str, roles: Collection[str], now: int = NOW) -> int:
    return asyncio.run(bench.services.sessions.change_roles(user_id, roles, now=now, time_left=lambda: 9.0))


def refused(frame: Any) -> bool:
    return bool(frame.get("code") == "forbidden")


async def test_next_message_sees_the_roles_when_they_have_changed(bench: Bench) -> None:
    bench.connect("a=", authorizer={"principalId": "ann"})
    shout = {"action": "broadcast", "data": 1}
    assert refused(bench.send("a=", shout, authorizer={"principalId": "ann"}))

    assert await asyncio.to_thread(change, bench, "ann", ["staff"]) == 1
    assert bench.send("a=", shout, authorizer={"principalId": "ann"})["sent"] == 1
    await asyncio.to_thread(change, bench, "ann", [])
    assert refused(bench.send("a=", shout, authorizer=ANN))


def test_two_requests_for_each_connection_are_made_when_roles_change(bench: Bench) -> None:
    for connection in ("a=", "b="):
        bench.connect(connection, authorizer=ANN)
    bench.meter.requests.clear()

    change(bench, "ann", ["staff", "writer"])

    assert bench.meter.requests == {"query": 1 + 2, "update_item": 2}


async def test_every_connection_of_the_user_has_them_and_nobody_elses(bench: Bench) -> None:
    for connection in ("a=", "b=", "c="):
        bench.connect(connection, authorizer=ANN if connection != "c=" else {**ANN, "principalId": "bob"})

    assert await asyncio.to_thread(change, bench, "ann", ["writer"]) == 2

    rows = [await bench.connections.get_connection(each, now=NOW) for each in ("a=", "b=", "c=")]
    assert [row.roles for row in rows if row] == [{"writer"}, {"writer"}, None]
    assert await asyncio.to_thread(change, bench, "nobody", ["writer"]) == 0


async def test_g6_subscriptions_end_at_once_when_the_roles_allow_them_no_more(bench: Bench) -> None:
    for connection in ("a=", "b="):
        authorizer = {**ANN, "principalId": connection[0]}
        bench.connect(connection, name=connection[0], authorizer=authorizer)
        bench.subscribe(connection, "members:1", "members:2", "room:1", authorizer=authorizer)
    bench.gateway.posts.clear()

    await asyncio.to_thread(change, bench, "a", [])

    told = {"v": 1, "type": "channel.unsubscribed", "channels": ["members:1", "members:2"], "beat": 60}
    assert bench.frames_to("a=") == [told]
    left = [(each["type"], each["channel"]) for each in bench.frames_to("b=")]
    assert sorted(left) == [("presence.left", "members:1"), ("presence.left", "members:2")]
    authorizer = {**ANN, "principalId": "b"}
    bench.gateway.posts.clear()
    bench.send("b=", {"action": "channel.publish", "channel": "members:1", "data": 1}, authorizer=authorizer)
    assert [each["type"] for each in bench.frames_to("b=")] == ["publication"]
    assert bench.frames_to("a=") == []


async def test_g6_subscribe_under_way_is_refused_when_the_roles_change(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.connect("a=", authorizer=ANN)
    subscribe = type(bench.services.channels._subscriptions).subscribe

    async def overtaken(self: Any, *arguments: Any, **options: Any) -> Any:
        await bench.services.sessions.change_roles("ann", [], now=NOW, time_left=lambda: 9.0)
        return await subscribe(self, *arguments, **options)

    monkeypatch.setattr("connection_store.Subscriptions.subscribe", overtaken)
    assert bench.subscribe("a=", "members:1", authorizer=ANN)["code"] == "conflict"
    monkeypatch.undo()

    assert refused(bench.subscribe("a=", "members:1", authorizer=ANN))
    found = bench.services.channels._subscriptions.subscribers("members:1", now=NOW)
    assert [each async for each in found] == []


async def test_all_subscriptions_end_when_there_are_more_than_one_request_holds(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalbox.realtime.channels.channels.MOST_AT_ONCE", 2)
    names = [f"news:{number}" for number in range(5)]
    bench.connect("a=", authorizer=ANN)
    bench.subscribe("a=", *names, authorizer=ANN)

    await asyncio.to_thread(change, bench, "ann", [])

    (told,) = bench.frames_to("a=")
    assert (told["channels"], told["beat"]) == (names, 480)
    assert await bench.services.channels._subscriptions.subscriptions_of("a=", now=NOW) == []


def test_roles_are_refused_when_no_row_has_room_for_them(bench: Bench) -> None:
    bench.connect("a=", authorizer=ANN)

    with pytest.raises(ValueError, match="256 characters"):
        change(bench, "ann", ["x" * 256])
