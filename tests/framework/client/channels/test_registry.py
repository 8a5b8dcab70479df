"""Covers signalbox.client.channels.state."""

from typing import Any

import pytest

from signalbox.client import Client, Position, RequestError
from signalbox.client.errors import PositionError
from tests.framework.client.backend import Backend, refusal, reply
from tests.framework.client.published import at


@pytest.mark.parametrize("channel", ["", "x" * 129, "room:\udcff", "room 1", "room:é", "room:1\n"])
async def test_a_subscription_is_refused_when_no_channel_is_called_so(backend: Backend, channel: str) -> None:
    async with Client(backend.url) as client:
        with pytest.raises(ValueError, match="is not a channel name"):
            client.subscribe(channel)


@pytest.mark.parametrize("since", [at(1, "x" * 65), at(1, "\ud800"), at(1, ""), at(-1), at(10**20)])
async def test_a_subscription_is_refused_when_there_is_no_such_position(
    backend: Backend, since: Position
) -> None:
    async with Client(backend.url) as client:
        with pytest.raises(PositionError):
            client.subscribe("room:1", since=since)


async def test_forty_nine_channels_are_asked_for_at_once_when_there_are_many(backend: Backend) -> None:
    async with Client(backend.url) as client:
        for number in range(60):
            subscription = client.subscribe(f"room:{number}")
        await subscription.subscribed()

    asked = [request["channels"] for request in backend.requests if request["action"] == "channel.subscribe"]
    assert [len(channels) for channels in asked] == [49, 11]


async def test_each_is_asked_for_alone_when_the_server_does_not_say_which_it_refuses(
    backend: Backend,
) -> None:
    def script(request: dict[str, Any]) -> list[Any]:
        if request["action"] == "hello":
            return [reply(request, "welcome")]
        wishes = request["channels"]
        if any(wish["channel"] == "room:1" for wish in wishes):
            return [refusal("invalid_message", request)]
        state: dict[str, Any] = {"position": None, "recovered": None, "publications": []}
        return [
            reply(
                request,
                "channel.subscribed",
                channels=[{**wish, **state} for wish in wishes],
            )
        ]

    backend.script = script
    async with Client(backend.url) as client:
        subscriptions = [client.subscribe(f"room:{number}") for number in range(3)]
        await subscriptions[2].subscribed()
        with pytest.raises(RequestError, match="invalid_message"):
            await subscriptions[1].subscribed()

    asked = [len(request["channels"]) for request in backend.requests[1:]]
    assert asked == [3, 1, 1, 1]
