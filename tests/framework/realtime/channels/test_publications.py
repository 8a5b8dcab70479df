"""Covers signalbox.realtime.channels.content."""

import asyncio
import json
from typing import Any

import pytest

from signalbox.moment import Moment
from signalbox.protocol import Sender
from signalbox.publisher import Gone
from signalbox.realtime.channels.content import LARGEST
from tests.framework.realtime.backend import NOW, Backend


@pytest.fixture
def room(backend: Backend) -> Backend:
    """Ann and Bob on a channel, and Eve on none."""
    for letter in "abe":
        backend.connect(f"{letter}=", name=letter)
    backend.subscribe("a=", "room:1")
    backend.subscribe("b=", "room:1")
    backend.gateway.posts.clear()
    return backend


def stored(backend: Backend, channel: str = "room:1", now: int = NOW) -> list[Any]:
    page = backend.send("e=", {"action": "channel.history", "channel": channel, "limit": 100}, now)
    return [each["data"] for each in page["publications"]]


def test_subscribers_have_it_and_the_history_too_when_published(room: Backend) -> None:
    ack = room.publish("a=", "room:1", {"text": "hé"}, id=7, now=NOW + 5)

    position = {"epoch": ack["position"]["epoch"], "offset": 1}
    assert ack == {
        "v": 1,
        "type": "channel.published",
        "channel": "room:1",
        "position": position,
        "delivery": "inline",
        "id": 7,
    }
    publication = {
        "v": 1,
        "type": "publication",
        "channel": "room:1",
        "position": position,
        "sender": {"user_id": room.user_of("a="), "name": "a"},
        "data": {"text": "hé"},
        "sent_at": NOW + 5,
    }
    assert [room.frames_to(f"{letter}=") for letter in "abe"] == [[publication], [publication], []]
    assert stored(room) == [{"text": "hé"}]


def test_nothing_is_stored_where_there_is_no_history(room: Backend) -> None:
    room.subscribe("a=", "live:1")

    ack = room.publish("a=", "live:1", 1, key="k")

    assert (ack["position"], ack["delivery"]) == (None, "inline")
    (frame,) = room.frames_to("a=")
    assert (frame["type"], frame["position"], frame["data"]) == ("publication", None, 1)


def test_g3_subscribers_are_read_consistently_where_there_is_a_history(room: Backend) -> None:
    room.subscribe("a=", "live:1")
    room.meter.reads.clear()
    for channel in ("room:1", "live:1"):
        room.publish("a=", channel, 1)

    units = {channel: set[float]() for channel in ("room:1", "live:1")}
    for partition, read in room.meter.reads.items():
        kind, _, rest = partition.partition("#")
        if kind == "chan":
            units[rest.rpartition("#")[0]].add(read)
    assert units == {"room:1": {1}, "live:1": {0.5}}


def test_g4_first_ack_comes_again_and_nothing_twice_when_a_key_is_repeated(room: Backend) -> None:
    first = room.publish("a=", "room:1", "it", key="k")
    room.publish("b=", "room:1", "another", key="k")

    again = room.publish("a=", "room:1", "something else", key="k", now=NOW + 599_000)

    assert again == first
    assert stored(room) == ["it", "another"]


def test_f13_what_was_stored_first_is_sent_again_when_a_key_is_repeated(room: Backend) -> None:
    room.publish("a=", "room:1", "it", key="k")
    room.gateway.posts.clear()

    room.publish("a=", "room:1", "something else", key="k", now=NOW + 1_000)

    (frame,) = room.frames_to("b=")
    assert (frame["data"], frame["position"]["offset"], frame["sent_at"]) == ("it", 1, NOW)


def test_ack_stays_and_nothing_is_sent_when_a_key_is_repeated_after_the_window(room: Backend) -> None:
    first = room.publish("a=", "room:1", "it", key="k")
    room.gateway.posts.clear()

    assert room.publish("a=", "room:1", "it", key="k", now=NOW + 301_000) == first
    assert room.gateway.posts == []


def test_g4_nothing_is_lost_when_two_clients_number_their_requests(room: Backend) -> None:
    for number in range(1, 6):
        for letter in "ab":
            room.publish(f"{letter}=", "room:1", f"{letter}{number}", key=f"{number}", id=number)

    assert sorted(stored(room)) == sorted(f"{letter}{n}" for letter in "ab" for n in range(1, 6))


def test_key_of_a_user_is_not_the_servers_when_they_have_one_name(room: Backend) -> None:
    server = {"principalId": "server"}
    room.connect("s=", authorizer=server)
    room.subscribe("s=", "room:1", authorizer=server)
    message = {"action": "channel.publish", "channel": "room:1", "data": "user", "key": "k"}
    room.send("s=", message, authorizer=server)

    asyncio.run(
        room.services.publications.publish(
            "room:1",
            Sender(user_id="server", name="server"),
            "server",
            publisher="server",
            key="k",
            broadcast_id="b",
            moment=Moment(NOW, lambda: 60.0),
        )
    )

    assert stored(room) == ["user", "server"]


def test_workers_serve_the_channel_alone_when_there_are_many() -> None:
    backend = Backend(INLINE_RECIPIENTS="2")
    asyncio.run(backend.connections.init_table())
    for letter in "abcde":
        backend.connect(f"{letter}=")
    backend.subscribe("a=", "room:1")
    backend.subscribe("b=", "room:1")
    assert backend.publish("a=", "room:1", "just few enough")["delivery"] == "inline"
    backend.subscribe("c=", "room:1")
    backend.subscribe("d=", "room:1")
    backend.gateway.posts.clear()

    ack = backend.publish("a=", "room:1", "hé")

    assert (ack["delivery"], ack["position"]["offset"]) == ("queued", 2)
    assert backend.gateway.posts == []
    assert {each.audience for each in backend.queue.slices} == {"room:1"}
    assert [each.shard for each in backend.queue.slices] == [0, 1, 2, 3]
    for slice_ in backend.queue.slices:
        asyncio.run(backend.worker.process(slice_, f"m{slice_.shard}", Moment(NOW, lambda: 60.0)))
    frames = {to: json.loads(frame) for to, frame in backend.gateway.posts}
    assert sorted(frames) == ["a=", "b=", "c=", "d="]
    assert {(each["data"], each["position"]["offset"]) for each in frames.values()} == {("hé", 2)}


def test_f14_worker_serves_the_rest_of_a_channel_when_time_runs_out(room: Backend) -> None:
    ack = asyncio.run(
        room.services.publications.publish(
            "room:1",
            Sender(user_id="server", name="server"),
            "hé",
            publisher="server",
            key=None,
            broadcast_id="b",
            moment=Moment(NOW, lambda: 1.0 - len(room.gateway.posts)),
        )
    )

    assert (ack.delivery, len(room.gateway.posts)) == ("queued", 1)
    (rest,) = room.queue.slices
    asyncio.run(room.worker.process(rest, "m", Moment(NOW, lambda: 60.0)))
    assert [[each["data"] for each in room.frames_to(f"{letter}=")] for letter in "abe"] == [
        ["hé"],
        ["hé"],
        [],
    ]


def test_nobody_is_queued_twice_for_one_frame_when_a_key_is_repeated() -> None:
    backend = Backend(INLINE_RECIPIENTS="1")
    asyncio.run(backend.connections.init_table())
    for letter in "ab":
        backend.connect(f"{letter}=")
        backend.subscribe(f"{letter}=", "room:1")

    for _ in range(2):
        backend.publish("a=", "room:1", "it", key="k")

    assert len({each.broadcast_id for each in backend.queue.slices}) == 2


def test_f01_ghost_loses_its_row_and_its_subscriptions_when_a_publication_finds_it_gone(
    room: Backend,
) -> None:
    def kinds() -> set[str]:
        rows = room.items()
        keys = [(row["pk"]["S"], row["sk"]["S"]) for row in rows]
        return {pk.partition("#")[0] for pk, sk in keys if "b=" in pk + sk}

    later, user = NOW + 60_000, room.user_of("b=")
    room.gateway.script("b=", Gone())

    for _ in range(2):
        room.publish("a=", "room:1", "anybody?", now=later)

    assert len([to for to, _ in room.gateway.posts if to == "b="]) == 1
    assert room.send("b=", {"action": "ping"}, later)["code"] == "connection_gone"
    assert room.send("a=", {"action": "direct.send", "to": user, "data": 1}, later)["code"] == "not_found"
    presence = room.send("a=", {"action": "presence.get", "channel": "room:1"}, later)
    assert presence["count"] == 1
    assert kinds() == {"conns", "subs"}  # for whoever tells that it left
    assert asyncio.run(room.services.endings.sweep(Moment(later, lambda: 60.0))) == 1
    assert kinds() == set()


RULES = {
    ("room:1", "a="): "channel.published",
    ("room:1", "e="): "forbidden",
    ("news:1", "a="): "forbidden",
    ("live:1", "e="): "forbidden",
}


@pytest.mark.parametrize(("channel", "connection"), RULES)
def test_nothing_is_stored_or_sent_when_one_may_not_publish(
    room: Backend, channel: str, connection: str
) -> None:
    answer = room.publish(connection, channel, 1)

    assert answer.get("code", answer["type"]) == RULES[channel, connection]
    if "code" in answer:
        assert answer["channel"] == channel
        assert stored(room, channel) == []
        assert room.gateway.posts == []


def test_what_grows_beyond_what_can_be_recovered_is_refused(room: Backend) -> None:
    # Within 32 KB on its way in; written out, each number has 17 digits.
    message = {"action": "channel.publish", "channel": "room:1", "data": [[1e15] * 1_000] * 6}
    text = json.dumps(message, separators=(",", ":")).replace("1000000000000000.0", "1e15")
    assert len(text) < 32_768 < LARGEST < len(json.dumps(message))

    assert room.send("a=", text)["code"] == "too_large"
    assert stored(room) == []
