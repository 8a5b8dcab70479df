"""Joins and leaves. tests/framework/realtime/sessions/test_endings.py has those of connections that end."""

import pytest

from connection_store import Connection, EndedConnection, StoreBusyError, Subscription
from signalbox.moment import Moment
from signalbox.realtime.delivery.channel import ChannelDelivery
from signalbox.realtime.presence.announcements import Announcements
from tests.framework.application import NAMESPACES
from tests.framework.realtime.backend import NOW, Backend

MOMENT = Moment(NOW, lambda: 60.0)


class BrokenDelivery(ChannelDelivery):
    """A channel whose subscribers cannot be read."""

    def __init__(self) -> None:
        """There is nothing to keep."""

    async def tell(self, *_: object, **__: object) -> None:
        raise StoreBusyError("canary")


@pytest.fixture
def room(backend: Backend) -> Backend:
    for letter in "ab":
        backend.connect(f"{letter}=", name=letter)
        backend.subscribe(f"{letter}=", "room:1", "live:1")
    backend.gateway.posts.clear()
    return backend


def announcements(backend: Backend) -> Announcements:
    return Announcements(lambda tenant: backend.services.of(tenant).channel_delivery, NAMESPACES)


async def connection(backend: Backend) -> Connection:
    found = await backend.connections.get_connection("a=", now=NOW)
    assert found is not None
    return found


def left(channel: str) -> Subscription:
    return Subscription("a=", channel, 0, watched=True, expires_at=NOW + 60_000)


@pytest.mark.parametrize(
    ("channel", "told"), [("room:1", ["presence.left"]), ("live:1", []), ("attic:1", [])]
)
async def test_others_are_told_when_the_namespace_asks_for_it(
    room: Backend, channel: str, told: list[str]
) -> None:
    await announcements(room).announce_leaves(await connection(room), [left(channel)], MOMENT)

    assert [frame["type"] for frame in room.frames_to("b=")] == told
    assert room.frames_to("a=") == []


async def test_failure_is_logged_and_no_more_when_a_subscription_cannot_be_announced(room: Backend) -> None:
    broken = Announcements(lambda tenant: BrokenDelivery(), NAMESPACES)

    await broken.announce_leaves(await connection(room), [left("room:1")], MOMENT)


async def test_failure_is_raised_when_an_end_cannot_be_announced(room: Backend) -> None:
    """The sweep keeps the rows, and announces it the next time."""
    broken = Announcements(lambda tenant: BrokenDelivery(), NAMESPACES)
    ended = EndedConnection("", "a=", "ann", await connection(room), (left("room:1"),))

    with pytest.raises(StoreBusyError):
        await broken.announce_ends([ended], MOMENT)


async def test_connections_that_end_together_are_not_told_of_each_other(room: Backend) -> None:
    found = [await room.connections.get_connection(each, now=NOW) for each in ("a=", "b=")]
    ended = [
        EndedConnection("", each.connection_id, each.user_id, each, (left("room:1"),))
        for each in found
        if each
    ]

    await announcements(room).announce_ends(ended, MOMENT)

    assert room.gateway.posts == []
