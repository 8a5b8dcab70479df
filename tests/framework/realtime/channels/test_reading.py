"""Histories and positions, read without a subscription. test_channels.py reads them through events."""

import pytest
from pydantic import JsonValue

from signalbox.identity.principal import Principal
from signalbox.moment import Moment
from signalbox.protocol import GetHistory, Sender, StreamPosition
from signalbox.realtime.channels.content import size_of
from signalbox.realtime.errors import UnknownChannelError
from signalbox.resolver import ForbiddenError
from tests.framework.realtime.backend import NOW, Backend

ANN = Principal("ann")
GUEST = Principal("guest-1", guest=True)


def asking(channel: str, **fields: object) -> GetHistory:
    return GetHistory.model_validate({"action": "channel.history", "channel": channel, **fields})


async def publish(backend: Backend, channel: str, *values: JsonValue) -> list[StreamPosition]:
    published = [
        await backend.services.publications.publish(
            channel,
            Sender(user_id="server", name="server"),
            value,
            publisher="server",
            key=None,
            broadcast_id=f"{channel}-{number}",
            moment=Moment(NOW, lambda: 60.0),
        )
        for number, value in enumerate(values)
    ]
    return [each.position for each in published if each.position]


async def test_pages_lead_to_the_end_when_followed(backend: Backend) -> None:
    positions = await publish(backend, "room:1", *range(5))
    read = backend.services.reader.history

    first = await read(ANN, asking("room:1", limit=3), now=NOW)
    second = await read(
        ANN, asking("room:1", limit=3, since=first.publications[-1].position.model_dump()), now=NOW
    )

    assert [each.data for each in (*first.publications, *second.publications)] == [0, 1, 2, 3, 4]
    assert (first.more, second.more) == (True, False)
    assert first.position == second.position == positions[-1]


async def test_page_says_there_is_more_when_the_frame_is_full(backend: Backend) -> None:
    await publish(backend, "room:1", *("x" * 40_000 for _ in range(3)))

    page = await backend.services.reader.history(ANN, asking("room:1"), now=NOW)

    assert (len(page.publications), page.more) == (2, True)
    assert size_of(page.publications) < 98_304


async def test_history_is_empty_when_nothing_was_published_or_nothing_is_kept(backend: Backend) -> None:
    await publish(backend, "live:1", "hello")

    for channel in ("room:1", "live:1"):
        page = await backend.services.reader.history(ANN, asking(channel), now=NOW)
        assert (page.position, page.publications, page.more) == (None, [], False)


@pytest.mark.parametrize(
    ("principal", "channel", "error"),
    [
        (GUEST, "members:1", ForbiddenError),
        (ANN, "user:bob", ForbiddenError),
        (ANN, "attic:1", UnknownChannelError),
    ],
)
async def test_history_is_refused_when_the_namespace_does_not_allow_it(
    principal: Principal, channel: str, error: type[Exception]
) -> None:
    backend = Backend(DEMO="false")
    await backend.connections.init_table()

    with pytest.raises(error):
        await backend.services.reader.history(principal, asking(channel), now=NOW)


async def test_channels_are_named_when_they_have_gone_on(backend: Backend) -> None:
    old, new = await publish(backend, "room:1", "a", "b")
    (same,) = await publish(backend, "room:2", "a")
    given = {"room:1": old, "room:2": same, "room:3": old, "attic:1": old, "live:1": old}

    assert await backend.services.reader.behind(ANN, given, now=NOW) == {"room:1": new}


async def test_channel_is_named_when_its_history_began_anew(backend: Backend) -> None:
    (position,) = await publish(backend, "room:1", "a")
    other = StreamPosition(epoch="another", offset=99)

    assert await backend.services.reader.behind(ANN, {"room:1": other}, now=NOW) == {"room:1": position}


async def test_store_is_not_asked_when_no_channel_may_be_followed(backend: Backend) -> None:
    backend.meter.requests.clear()

    position = StreamPosition(epoch="e", offset=1)
    assert await backend.services.reader.behind(GUEST, {"attic:1": position}, now=NOW) == {}
    assert backend.meter.requests.total() == 0
