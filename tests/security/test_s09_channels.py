"""S09: who comes to many channels, or leaves them, is counted for each whose subscribers are told."""

import asyncio
from typing import Any

import pytest

from tests.framework.realtime.backend import NOW, Backend
from tests.security.test_s09_rates import ACTION, flood, outcome


@pytest.fixture
def sandboxes(backend: Backend) -> list[Backend]:
    """Two that share a table, and a connection."""
    backend.connect("a=")
    return [backend, Backend(engine=backend.engine)]


def rooms(number: int, kind: str = "room") -> list[str]:
    return [f"{kind}:{each}" for each in range(number)]


def leave(backend: Backend, channels: Any, now: int) -> Any:
    return backend.send("a=", {"action": "channel.unsubscribe", "channels": channels}, now)


def test_s09_channels_that_are_told_count_one_by_one_and_in_one_write(sandboxes: list[Backend]) -> None:
    backend, channels = sandboxes[0], rooms(49)
    backend.meter.requests.clear()

    joined = backend.subscribe("a=", *channels)  # more than at once: they are owed

    assert len(joined["channels"]) == 49
    assert backend.meter.requests["UpdateItem"] == 1
    refused = leave(sandboxes[1], channels, NOW + 1)
    assert (outcome(refused), refused["retry_after"]) == ("rate_limited", 3.999)
    assert outcome(leave(backend, channels, NOW + 4_000)) == "channel.unsubscribed"
    assert outcome(backend.subscribe("a=", "room:1", now=NOW + 13_799)) == "rate_limited"
    assert outcome(backend.subscribe("a=", "room:1", now=NOW + 13_800)) == "channel.subscribed"


def test_s09_channels_that_are_told_count_one_by_one_when_the_connection_is_busy(
    sandboxes: list[Backend],
) -> None:
    backend = sandboxes[0]

    backend.subscribe("a=", *rooms(10))
    backend.subscribe("a=", *rooms(19))

    assert outcome(backend.subscribe("a=", "live:1")) == "channel.subscribed"  # the thirtieth
    assert outcome(backend.subscribe("a=", "live:2")) == "rate_limited"
    assert outcome(backend.subscribe("a=", "live:2", now=NOW + 200)) == "channel.subscribed"


def test_s09_client_that_comes_back_waits_as_it_is_told_and_no_more(sandboxes: list[Backend]) -> None:
    backend, channels, now, waits = sandboxes[0], rooms(100), NOW, []
    for batch in (channels[:49], channels[49:98], channels[98:]):
        answer = backend.subscribe("a=", *batch, now=now)
        if "retry_after" in answer:
            waits.append(answer["retry_after"])
            now += round(answer["retry_after"] * 1_000)
            answer = backend.subscribe("a=", *batch, now=now)
        assert len(answer["channels"]) == len(batch)

    assert waits == [4.0, 9.8]


def test_s09_client_on_fewer_channels_than_at_once_goes_on_as_soon_as_it_is_back(
    sandboxes: list[Backend],
) -> None:
    sandboxes[0].subscribe("a=", *rooms(29))

    answers = flood(sandboxes, {**ACTION, "channel": "room:1"}, NOW, 2)
    assert answers == ["channel.published", "rate_limited"]


@pytest.mark.parametrize("channels", [rooms(9, "news"), rooms(9, "live"), ["room:1"] * 9])
def test_s09_channels_count_together_when_nobody_or_the_same_is_told(channels: list[str]) -> None:
    backend = Backend(SEND_BURST="5")
    asyncio.run(backend.connections.init_table())
    backend.connect("a=")
    backend.subscribe("a=", *channels)
    leave(backend, channels, NOW)
    backend.subscribe("a=", "live:1")

    assert flood([backend], ACTION, NOW, 3) == ["channel.published"] * 2 + ["rate_limited"]


SENSELESS: tuple[Any, ...] = (
    None,
    7,
    "room:1",
    {"room:1": 1},
    [["room:1"]],
    [None, 7, {}, {"channel": ["room:1"]}],
    ["nowhere:1", {}, "room:1"],
    [{"channel": "room:1"}, {"channel": "#"}],
    rooms(50),
    rooms(1_000),
)


@pytest.mark.parametrize("action", ["channel.subscribe", "channel.unsubscribe"])
def test_s09_what_makes_no_sense_counts_once(sandboxes: list[Backend], action: str) -> None:
    sandboxes[0].subscribe("a=", "live:1")

    refusals = [
        outcome(sandboxes[0].send("a=", {"action": action, "channels": channels}, NOW))
        for channels in SENSELESS
    ]

    assert refusals == ["invalid_message"] * 10
    assert flood(sandboxes, ACTION, NOW, 20) == ["channel.published"] * 19 + ["rate_limited"]
