"""The roles that may use each kind of channels. Add a row for each role and kind of channels of your own."""

import pytest

from handlers.namespaces import NAMESPACES
from signalbox.testing import Backend

GUEST, ANN = None, "ann"
"""A client without an identity, and a user."""

RULES = [
    # who, channel, may subscribe, may publish once subscribed
    (GUEST, "room:1", True, True),
    (ANN, "room:1", True, True),
    (GUEST, "members:1", False, False),
    (ANN, "members:1", True, True),
    (GUEST, "news:today", True, False),
    (ANN, "news:today", True, False),
    (GUEST, "live:1", True, True),
    (ANN, "live:1", True, True),
    (GUEST, "user:ann", False, False),
    (ANN, "user:ann", True, False),
    (ANN, "user:bob", False, False),
]


def id_of(rule: object) -> str:
    return "guest" if rule is None else str(rule)


@pytest.mark.parametrize(("who", "channel", "subscribes", "publishes"), RULES, ids=id_of)
def test_channel_is_used_when_its_namespace_allows_it(
    backend: Backend, who: str | None, channel: str, subscribes: bool, publishes: bool
) -> None:
    client = backend.connect(who)

    subscribed = client.subscribe(channel)
    published = client.publish(channel, "hello")

    assert subscribed.get("code") == (None if subscribes else "forbidden")
    assert published.get("code") == (None if publishes else "forbidden")


@pytest.mark.parametrize("name", [name for name, kind in NAMESPACES.items() if not kind.publish_from_outside])
def test_nobody_publishes_from_outside_when_a_namespace_does_not_say_so(backend: Backend, name: str) -> None:
    assert backend.connect("ann").publish(f"{name}:1", "hello")["code"] == "forbidden"


@pytest.mark.parametrize(
    ("channel", "kept"), [("room:1", ["hello"]), ("news:today", ["hello"]), ("live:1", [])]
)
def test_publication_is_read_later_when_its_namespace_keeps_a_history(
    backend: Backend, channel: str, kept: list[str]
) -> None:
    backend.publisher.publish(channel, "hello")

    history = backend.connect("ann").send("channel.history", channel=channel)

    assert [each["data"] for each in history["publications"]] == kept


def test_channel_is_unknown_when_it_has_no_namespace(backend: Backend) -> None:
    assert backend.connect("ann").subscribe("no-such-namespace:1")["code"] == "unknown_channel"
