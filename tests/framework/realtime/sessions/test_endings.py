import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from connection_store import StoreBusyError, Subscriber
from connection_store.wire import encode
from signalbox.functions import sweeper
from signalbox.moment import Moment
from signalbox.publisher import Gone
from tests.framework.realtime.backend import NOW, Backend

USER = {"principalId": "user-1"}
SILENT = NOW + 150_000
"""When a connection on a watched channel, not heard of since NOW, has ended."""


@pytest.fixture
def room(backend: Backend) -> Backend:
    """Ann and Bob on a channel."""
    for letter, name in (("a", "Ann"), ("b", "Bob")):
        backend.connect(f"{letter}=", name=name)
        backend.subscribe(f"{letter}=", "room:1")
    backend.gateway.posts.clear()
    return backend


def told(backend: Backend, connection_id: str) -> list[tuple[str, str, str]]:
    """Who came and left, as a connection was told."""
    frames = [frame for frame in backend.frames_to(connection_id) if frame["type"].startswith("presence.")]
    return [(frame["type"], frame["channel"], frame["connection"]["name"]) for frame in frames]


def present(backend: Backend, connection_id: str, now: int) -> list[str]:
    """The names of who is there."""
    answer = backend.send(connection_id, {"action": "presence.get", "channel": "room:1"}, now)
    return sorted(line["name"] for user in answer["users"] for line in user["connections"])


def sweep(backend: Backend, now: int, time_left: Callable[[], float] = lambda: 60.0) -> int:
    return asyncio.run(backend.services.endings.sweep(Moment(now, time_left)))


def test_others_are_told_when_somebody_comes_and_leaves(room: Backend) -> None:
    room.connect("c=", name="Cid", now=NOW + 1)
    room.subscribe("c=", "room:1", "room:2")
    room.subscribe("c=", "room:1")
    user = room.user_of("c=")
    room.send("c=", {"action": "channel.unsubscribe", "channels": ["room:1"]})

    connection = {"name": "Cid", "connected_at": NOW + 1}
    assert room.frames_to("a=") == [
        {"v": 1, "type": kind, "channel": "room:1", "user_id": user, "connection": connection}
        for kind in ("presence.joined", "presence.left")
    ]
    assert room.frames_to("c=") == []


def test_others_are_told_once_and_nothing_is_left_when_somebody_disconnects(room: Backend) -> None:
    for _ in range(2):
        room.disconnect("b=")

    assert told(room, "a=") == [("presence.left", "room:1", "Bob")]
    assert present(room, "a=", NOW) == ["Ann"]
    assert sweep(room, NOW) == 0


def test_nobody_is_told_where_the_namespace_does_not_ask_for_it(room: Backend) -> None:
    for letter in "ab":
        room.subscribe(f"{letter}=", "news:1", "live:1")
    room.disconnect("b=")

    assert [channel for _, channel, _ in told(room, "a=")] == ["room:1"]


def test_nobody_is_told_when_more_than_a_hundred_are_there(room: Backend) -> None:
    for number in range(97):
        subscriber = Subscriber(f"{number}=", None, NOW, NOW // 1000 + 60, number % 4)
        room.ask("PutItem", Item=encode(subscriber.to_record("", "room:1")))
    for number in (100, 101):
        room.connect(f"{number}=", name=f"{number}")
        room.subscribe(f"{number}=", "room:1")
    room.disconnect("101=")
    room.disconnect("100=")

    kinds = ("presence.joined", "presence.left")
    assert told(room, "a=") == [(kind, "room:1", "100") for kind in kinds]


def test_f02_user_stays_when_an_old_connection_ends_late(room: Backend) -> None:
    for connection, later in (("old=", 0), ("new=", 1_000)):
        room.connect(connection, name=connection, authorizer=USER, now=NOW + later)
        room.subscribe(connection, "room:1", authorizer=USER, now=NOW + later)

    room.disconnect("old=", now=NOW + 30_000)

    assert present(room, "a=", NOW + 30_000) == ["Ann", "Bob", "new="]
    room.gateway.posts.clear()
    room.publish("a=", "room:1", "hello", now=NOW + 31_000)
    assert len(room.frames_to("new=")) == 1
    assert room.frames_to("old=") == []


def test_f01_presence_is_right_after_two_and_a_half_beats_when_no_disconnect_came(room: Backend) -> None:
    for second in range(60, 151, 30):
        room.send("a=", {"action": "ping"}, now=NOW + second * 1_000)

    assert present(room, "a=", SILENT - 1) == ["Ann", "Bob"]
    assert present(room, "a=", SILENT) == ["Ann"]
    assert told(room, "a=") == []
    assert sweep(room, SILENT) == 1
    assert told(room, "a=") == [("presence.left", "room:1", "Bob")]
    assert room.frames_to("b=") == [{"v": 1, "type": "disconnect", "code": "ended", "reconnect": True}]
    assert room.gateway.closed == ["b="]
    assert sweep(room, SILENT) == 0


@pytest.mark.parametrize("disconnect", [True, False], ids=["late", "lost"])
def test_f01_others_are_told_though_a_post_found_them_gone_before(room: Backend, disconnect: bool) -> None:
    room.gateway.script("b=", Gone())
    late = NOW + 20_000
    for number in range(2):
        room.publish("a=", "room:1", number, now=late)
    assert present(room, "a=", late) == ["Ann"]
    assert told(room, "a=") == []
    assert len([to for to, _ in room.gateway.posts if to == "b="]) == 1

    if disconnect:
        room.disconnect("b=", now=late + 100)
    assert sweep(room, late + 60_000) == (0 if disconnect else 1)

    assert told(room, "a=") == [("presence.left", "room:1", "Bob")]
    rows = room.items()
    assert not [row for row in rows if "b=" in row["pk"]["S"] + row["sk"]["S"]]
    assert sweep(room, late + 60_000) == 0


def test_f08_who_keeps_the_beat_is_never_swept(room: Backend) -> None:
    room.connect("idle=")
    for minute in range(1, 17):
        now = NOW + minute * 60_000
        room.send("a=", {"action": "ping"}, now=now)
        room.send("b=", {"action": "ping"}, now=now)
        if minute % 8 == 0:
            room.send("idle=", {"action": "ping"}, now=now)
        assert sweep(room, now) == 0


def test_rest_of_a_disconnect_is_done_by_the_sweep_when_nobody_could_be_told(
    room: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribers = type(room.services.channel_delivery._subscriptions).subscribers
    broken = [True]

    async def fail(self: Any, *arguments: Any, **options: Any) -> Any:
        if broken:
            raise StoreBusyError("throttled")
        async for each in subscribers(self, *arguments, **options):
            yield each

    monkeypatch.setattr("connection_store.Subscriptions.subscribers", fail)
    assert room.disconnect("b=") == {"statusCode": 200}
    assert told(room, "a=") == []
    broken.clear()

    assert sweep(room, NOW + 1_000) == 1
    assert told(room, "a=") == [("presence.left", "room:1", "Bob")]


def test_subscription_stands_when_nobody_could_be_told_of_it(
    room: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise StoreBusyError("throttled")
        yield

    room.connect("c=")
    with monkeypatch.context() as broken:
        broken.setattr("connection_store.Subscriptions.subscribers", fail)
        assert room.subscribe("c=", "room:1")["type"] == "channel.subscribed"

    room.publish("a=", "room:1", 1)
    assert len(room.frames_to("c=")) == 1


def test_sweep_stops_when_time_is_out_and_the_next_goes_on(backend: Backend) -> None:
    for number in range(30):
        backend.connect(f"{number}=")
    late = NOW + 1_200_000

    assert sweep(backend, late, lambda: 0.0) == 25
    assert sweep(backend, late) == 5


async def crowd(backend: Backend) -> str:
    """Thirty who are silent; returns the id of the one that is swept first."""
    for number in range(30):
        backend.connect(f"{number}=")
    first, *_ = [each.connection_id async for each in backend.connections.stream(now=NOW)]
    return first


async def test_others_are_swept_and_warned_when_one_batch_could_not_be_told(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, late = await crowd(backend), NOW + 1_200_000
    backend.subscribe(first, "room:1")
    ending = {**USER, "expires_at": str((late + 60_000) // 1_000)}
    backend.connect("ending=", authorizer=ending, now=late)

    async def fail(*_: Any, **__: Any) -> Any:
        raise StoreBusyError("throttled")
        yield

    endings = backend.services.endings
    with monkeypatch.context() as broken:
        broken.setattr("connection_store.Subscriptions.subscribers", fail)
        with pytest.raises(StoreBusyError):
            await endings.sweep(Moment(late, lambda: 60.0))

    rows = backend.items()
    left = {row["sk"]["S"] for row in rows if row["pk"]["S"].startswith("conns#")}
    assert first in left
    assert len(left) == 25 + 1
    assert [frame["type"] for frame in backend.frames_to("ending=")] == ["session.expiring"]
    assert await endings.sweep(Moment(late, lambda: 60.0)) == 25


async def test_no_telling_goes_on_when_another_failed(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.connect("a=")
    backend.subscribe("a=", "room:1", "room:2")
    given_up: list[str] = []

    async def subscribers(self: Any, channel: str, **_: Any) -> Any:
        if channel == "room:2":
            raise StoreBusyError("throttled")
        try:
            await asyncio.Event().wait()
        finally:
            given_up.append(channel)
        yield

    monkeypatch.setattr("connection_store.Subscriptions.subscribers", subscribers)
    with pytest.raises(StoreBusyError):
        await backend.services.endings.end("a=", Moment(NOW, lambda: 60.0))

    assert given_up == ["room:1"]


def test_sweeper_takes_the_time_of_its_event(room: Backend) -> None:
    handler = sweeper.make_handler(room.services)

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 60_000

    assert handler({"time": "2026-01-01T00:02:29Z"}, Context()) == {"ended": 0}
    assert handler({"time": "2026-01-01T00:02:30Z"}, Context()) == {"ended": 2}
    assert json.loads(room.gateway.posts[-1][1])["code"] == "ended"
