"""The chat's own messages: typing, reactions, topics."""

from typing import Any

import pytest

from handlers.application import app
from signalbox.testing import Backend, Connection


@pytest.fixture
def ann(backend: Backend) -> Connection:
    return backend.connect("ann")


@pytest.fixture
def bob(backend: Backend) -> Connection:
    """Somebody who is in the room and hears all of it."""
    bob = backend.connect("bob")
    bob.subscribe("room:1", "live:1")
    return bob


def heard(listener: Connection) -> list[tuple[str, str, Any]]:
    """Return channel, sender and data of each publication that a listener got."""
    publications = [each for each in listener.received if each["type"] == "publication"]
    return [(each["channel"], each["sender"]["user_id"], each["data"]) for each in publications]


def test_room_is_told_when_somebody_types(ann: Connection, bob: Connection) -> None:
    assert ann.send("chat.typing", room="1") is None
    assert heard(bob) == [("live:1", "ann", {"typing": True})]


def test_room_is_told_when_somebody_reacts(ann: Connection, bob: Connection) -> None:
    assert ann.send("chat.reaction", room="1", offset=3, emoji="👍") is None
    assert heard(bob) == [("live:1", "ann", {"reaction": "👍", "offset": 3})]


def test_other_rooms_are_not_told_when_somebody_types(ann: Connection, bob: Connection) -> None:
    ann.send("chat.typing", room="2")

    assert heard(bob) == []


def test_topic_is_told_and_stored_when_set(ann: Connection, bob: Connection) -> None:
    answer = ann.send("chat.topic", room="1", topic="Plans")

    assert answer == {"type": "chat.topic", "room": "1", "topic": "Plans"}
    assert heard(bob) == [("room:1", "ann", {"topic": "Plans"})]
    history = bob.send("channel.history", channel="room:1")
    assert [each["data"] for each in history["publications"]] == [{"topic": "Plans"}]


def test_guest_may_type_and_react_but_set_no_topic_when_in_a_room(backend: Backend, bob: Connection) -> None:
    guest = backend.connect()

    assert guest.send("chat.typing", room="1") is None
    assert guest.send("chat.reaction", room="1", offset=1, emoji="!") is None
    assert guest.send("chat.topic", room="1", topic="Plans")["code"] == "forbidden"
    assert [channel for channel, _, _ in heard(bob)] == ["live:1", "live:1"]


@pytest.mark.parametrize(
    ("topic", "refused"),
    [("cheap PILLS here", True), ("spam", True), ("spamalot", False), ("a pill", False)],
)
def test_topic_is_refused_when_one_of_its_words_is_blocked(
    monkeypatch: pytest.MonkeyPatch, topic: str, refused: bool
) -> None:
    monkeypatch.setenv("BLOCKED_WORDS", "Spam pills")
    with Backend(app) as backend:
        ann = backend.connect("ann")
        ann.subscribe("room:1")

        answer = ann.send("chat.topic", room="1", topic=topic)

        assert (answer.get("code") == "forbidden") is refused
        assert (heard(ann) == []) is refused


@pytest.mark.parametrize(
    ("action", "fields", "burst", "seconds"),
    [
        ("chat.typing", {}, 5, 1),
        ("chat.reaction", {"offset": 1, "emoji": "!"}, 10, 0.5),
        ("chat.topic", {"topic": "Plans"}, 3, 5),
    ],
)
def test_message_is_refused_for_a_while_when_it_comes_too_often(
    backend: Backend, ann: Connection, action: str, fields: dict[str, Any], burst: int, seconds: float
) -> None:
    answers = [ann.send(action, room="1", **fields) for _ in range(burst + 1)]
    refusals = [each for each in answers if each is not None and each["type"] == "error"]

    assert [each["code"] for each in refusals] == ["rate_limited"]
    assert answers[-1] == refusals[0]
    backend.advance(seconds)
    assert (ann.send(action, room="1", **fields) or {}).get("code") is None


@pytest.mark.parametrize(
    ("action", "fields", "wrong"),
    [
        ("chat.typing", {}, "room"),
        ("chat.typing", {"room": "a room"}, "room"),
        ("chat.typing", {"room": ""}, "room"),
        ("chat.reaction", {"room": "1", "offset": 0, "emoji": "!"}, "offset"),
        ("chat.reaction", {"room": "1", "offset": 1, "emoji": ""}, "emoji"),
        ("chat.reaction", {"room": "1", "offset": 1, "emoji": "!" * 17}, "emoji"),
        ("chat.topic", {"room": "1", "topic": ""}, "topic"),
        ("chat.topic", {"room": "1", "topic": "x" * 81}, "topic"),
    ],
    ids=str,
)
def test_field_is_named_when_a_message_does_not_fit(
    ann: Connection, bob: Connection, action: str, fields: dict[str, Any], wrong: str
) -> None:
    refused = ann.send(action, **fields)

    assert refused["code"] == "invalid_message"
    assert [each["field"] for each in refused["fields"]] == [wrong]
    assert heard(bob) == []
