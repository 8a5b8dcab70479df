import json
from typing import Any

import pytest

from connection_store import Channel, History
from signalbox import NOBODY, Application, Namespace
from tests.framework.application import NAMESPACES
from tests.framework.realtime.backend import NOW, Backend

USER = {"principalId": "user-1"}


def place(answer: Any, number: int = 0) -> Any:
    return answer["channels"][number]["position"]


def recover(backend: Backend, *since: tuple[str, Any], connection: str = "a=", now: int = NOW) -> Any:
    wanted = [{"channel": channel, "since": position} for channel, position in since]
    answer = backend.send(connection, {"action": "channel.subscribe", "channels": wanted}, now)
    return answer["channels"]


def history(backend: Backend, channel: str = "room:1", now: int = NOW, **fields: Any) -> Any:
    return backend.send("a=", {"action": "channel.history", "channel": channel, **fields}, now)


@pytest.fixture
def joined(backend: Backend) -> Backend:
    """Ann on a channel."""
    backend.connect("a=", name="Ann")
    backend.subscribe("a=", "room:1")
    return backend


def test_answer_tells_position_and_beat_when_subscribed(backend: Backend) -> None:
    backend.connect("a=")

    answer = backend.subscribe("a=", "room:1", "live:1")

    epoch = place(answer)["epoch"]
    assert answer == {
        "v": 1,
        "type": "channel.subscribed",
        "channels": [
            {
                "channel": "room:1",
                "position": {"epoch": epoch, "offset": 0},
                "recovered": None,
                "publications": [],
            },
            {"channel": "live:1", "position": None, "recovered": None, "publications": []},
        ],
        "beat": 60,
    }


def test_f08_beat_follows_the_channels(backend: Backend) -> None:
    def hello() -> Any:
        return backend.send("a=", {"action": "hello"})["beat"]

    def leave(*channels: str) -> Any:
        return backend.send("a=", {"action": "channel.unsubscribe", "channels": channels})["beat"]

    backend.connect("a=")
    beats = [hello(), backend.subscribe("a=", "live:1")["beat"], hello()]
    beats += [
        backend.subscribe("a=", "news:1", "room:1")["beat"],
        hello(),
        backend.subscribe("a=", "live:2")["beat"],
    ]
    beats += [leave("room:1"), hello(), leave("news:1", "live:1"), hello()]

    assert beats == [480, 480, 480, 60, 60, 60, 60, 60, 480, 480]


def test_welcome_says_who_one_is(backend: Backend) -> None:
    backend.connect("a=", name="Ann", authorizer=USER)

    assert backend.send("a=", {"action": "hello", "id": 1}, authorizer=USER) == {
        "v": 1,
        "type": "welcome",
        "user_id": "user-1",
        "name": "Ann",
        "guest": False,
        "connected_at": NOW,
        "expires_at": NOW // 1000 + 7_500,
        "beat": 480,
        "id": 1,
    }


def test_only_subscriptions_there_were_are_named_when_they_end(joined: Backend) -> None:
    answer = joined.send("a=", {"action": "channel.unsubscribe", "channels": ["room:1", "room:2"]})

    assert answer == {"v": 1, "type": "channel.unsubscribed", "channels": ["room:1"], "beat": 480}
    assert joined.publish("a=", "room:1", 1)["code"] == "forbidden"


def test_g3_everything_missed_comes_in_order_when_recovered(joined: Backend) -> None:
    joined.connect("b=", name="Bob")
    since = place(joined.subscribe("b=", "room:1"))
    for number in range(3):
        joined.publish("a=", "room:1", {"n": number}, now=NOW + number)

    (answer,) = recover(joined, ("room:1", since), connection="b=")

    assert answer["recovered"] is True
    assert answer["publications"] == [
        {
            "position": {**since, "offset": number + 1},
            "sender": {"user_id": joined.user_of("a="), "name": "Ann"},
            "data": {"n": number},
            "sent_at": NOW + number,
        }
        for number in range(3)
    ]
    assert answer["position"] == {**since, "offset": 3}


SINCE: dict[str, tuple[Any, int, bool]] = {
    "nothing missed": ({"offset": 5}, NOW, True),
    "inside": ({"offset": 3}, NOW, True),
    "from the beginning": ({"offset": 0}, NOW, True),
    "at the edge of the window": ({"offset": 2}, NOW + 299_000 + 2_000, True),
    "beyond the window": ({"offset": 1}, NOW + 299_000 + 2_000, False),
    "everything expired": ({"offset": 4}, NOW + 400_000, False),
    "nothing missed, everything expired": ({"offset": 5}, NOW + 400_000, True),
    "ahead of the top": ({"offset": 6}, NOW, False),
    "another epoch, inside": ({"epoch": "another", "offset": 3}, NOW, False),
    "another epoch, at the top": ({"epoch": "another", "offset": 5}, NOW, False),
    "another epoch, at the beginning": ({"epoch": "another", "offset": 0}, NOW, False),
}


@pytest.mark.parametrize("case", SINCE)
def test_f27_all_of_it_or_nothing_is_recovered(joined: Backend, case: str) -> None:
    for number in range(5):
        top = joined.publish("a=", "room:1", number, now=NOW + number * 1_000)["position"]
    change, now, recovered = SINCE[case]
    joined.connect("b=", now=now)

    (answer,) = recover(joined, ("room:1", {**top, **change}), connection="b=", now=now)

    assert (answer["recovered"], answer["position"]) == (recovered, top)
    offsets = [each["position"]["offset"] for each in answer["publications"]]
    assert offsets == (list(range(change["offset"] + 1, 6)) if recovered else [])


def test_nothing_is_recovered_where_there_is_no_history(backend: Backend) -> None:
    backend.connect("a=")

    (answer,) = recover(backend, ("live:1", {"epoch": "e", "offset": 1}))

    assert (answer["recovered"], answer["position"], answer["publications"]) == (False, None, [])


def test_recovery_is_refused_rather_than_cut_when_it_fits_no_frame(joined: Backend) -> None:
    joined.subscribe("a=", "room:2")
    since = [place(joined.subscribe("a=", "room:1")), place(joined.subscribe("a=", "room:2"))]
    for number in range(4):
        top = joined.publish("a=", "room:1", f"{number}" + "x" * 30_000)["position"]
    joined.publish("a=", "room:2", "short")

    first, second = recover(joined, ("room:1", since[0]), ("room:2", since[1]))

    assert (first["recovered"], first["publications"], first["position"]) == (False, [], top)
    assert (second["recovered"], len(second["publications"])) == (True, 1)
    page = history(joined, since=since[0])
    assert ([each["data"][0] for each in page["publications"]], page["more"]) == (["0", "1", "2"], True)
    rest = history(joined, since=page["publications"][-1]["position"])
    assert ([each["data"][0] for each in rest["publications"]], rest["more"]) == (["3"], False)


def test_frame_is_small_enough_when_49_channels_are_recovered_together(backend: Backend) -> None:
    backend = Backend(engine=backend.engine, SEND_BURST="200")
    names = [f"room:{n:02}".ljust(128, "x") for n in range(49)]
    backend.connect("a=")
    answer = backend.subscribe("a=", *names)
    since = [each["position"] for each in answer["channels"]]
    later = NOW + 60_000  # when what so many channels count as is paid off
    for name in names[:5]:
        backend.publish("a=", name, "x" * 24_000, now=later)

    answers = recover(backend, *zip(names, since, strict=True), now=later)

    assert [len(each["publications"]) for each in answers] == [1] * 4 + [0] * 45
    assert [each["recovered"] for each in answers] == [True] * 4 + [False] + [True] * 44
    assert 4 * 24_000 < len(json.dumps(answers)) < 131_072


def test_s06_access_is_asked_again_when_somebody_comes_back(backend: Backend) -> None:
    backend.connect("a=", authorizer=USER)
    since = place(backend.subscribe("a=", "members:1", authorizer=USER))
    backend.connect("b=")

    refused = backend.send(
        "b=", {"action": "channel.subscribe", "channels": [{"channel": "members:1", "since": since}]}
    )

    assert (refused["code"], refused["channel"]) == ("forbidden", "members:1")


@pytest.mark.parametrize("reverse", [False, True])
def test_every_publication_is_on_one_page_when_pages_are_small(joined: Backend, reverse: bool) -> None:
    for number in range(7):
        joined.publish("a=", "room:1", number)
    found: list[int] = []
    bound: Any = {}
    for _ in range(7):
        page = history(joined, limit=2, reverse=reverse, **bound)
        found += [each["data"] for each in page["publications"]]
        if not page["more"]:
            break
        bound = {"until" if reverse else "since": page["publications"][-1]["position"]}

    assert found == sorted(range(7), reverse=reverse)


def test_history_is_empty_where_nothing_happened_or_nothing_is_kept(backend: Backend) -> None:
    backend.connect("a=")

    for channel in ("room:1", "live:1"):
        page = history(backend, channel)
        assert (page["publications"], page["position"], page["more"]) == ([], None, False)


def test_f13_ping_tells_what_is_behind_and_nothing_else(joined: Backend) -> None:
    at = {name: place(joined.subscribe("a=", name)) for name in ("room:1", "room:2", "news:1", "room:3")}
    top = joined.publish("a=", "room:1", 1)["position"]
    positions = {
        **at,
        "room:3": {"epoch": "another", "offset": 9},
        "room:4": {"epoch": "never", "offset": 9},
        "live:1": {"epoch": "e", "offset": 0},
    }

    pong = joined.send("a=", {"action": "ping", "positions": positions})

    assert pong["behind"] == {"room:1": top, "room:3": at["room:3"]}
    assert "behind" not in joined.send("a=", {"action": "ping"})


async def test_f13_ping_leaves_out_channels_one_may_not_be_on() -> None:
    """A client may have lost a role unawares, or a release its namespace."""
    closed = Namespace(allow_subscribe=NOBODY, presence=False, shards=16)
    backend = Backend(Application(namespaces={**NAMESPACES, "news": closed}))
    await backend.connections.init_table()
    backend.connect("m=", authorizer=USER)
    top = place(backend.subscribe("m=", "room:1", "members:1", authorizer=USER))
    await History(backend.table).append(Channel("news:1"), "1", now=NOW)
    backend.connect("a=")
    names = ("attic:1", "members:1", "user:user-1", "news:1", "room:1")

    before = {name: {"epoch": "another", "offset": 0} for name in names}
    pong = backend.send("a=", {"action": "ping", "positions": before})

    assert pong["behind"] == {"room:1": top}


def test_users_are_listed_with_a_line_for_each_connection(joined: Backend) -> None:
    for connection, name in (("b=", "laptop"), ("c=", "phone")):
        joined.connect(connection, name=name, authorizer=USER, now=NOW + len(name))
        joined.subscribe(connection, "room:1", authorizer=USER)

    answer = joined.send("a=", {"action": "presence.get", "channel": "room:1"}, now=NOW + 100)

    users = {each["user_id"]: each["connections"] for each in answer["users"]}
    assert (answer["type"], answer["channel"], answer["count"]) == ("presence", "room:1", 2)
    assert users["user-1"] == [
        {"name": "phone", "connected_at": NOW + 5},
        {"name": "laptop", "connected_at": NOW + 6},
    ]
    assert "b=" not in str(answer)


def test_list_is_capped_and_everybody_counted_when_there_are_many(joined: Backend) -> None:
    for number in range(5):
        joined.connect(f"{number}=")
        joined.subscribe(f"{number}=", "room:1")

    answer = joined.send("a=", {"action": "presence.get", "channel": "room:1", "limit": 2})

    assert (len(answer["users"]), answer["count"]) == (2, 6)


def test_presence_is_refused_where_the_namespace_has_none(backend: Backend) -> None:
    backend.connect("a=")

    assert backend.send("a=", {"action": "presence.get", "channel": "news:1"})["code"] == "forbidden"
