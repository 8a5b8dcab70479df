"""A frame to the subscribers of a channel: at once, queued, or in part."""

import pytest

from connection_store import Subscriptions
from signalbox.moment import Moment
from signalbox.protocol import Joined, PresentConnection
from signalbox.publisher import Outcome, QueueError
from signalbox.realtime.delivery.channel import LARGEST_ROOM_TOLD, ChannelDelivery
from signalbox.realtime.delivery.delivery import Delivery, NestedDeliveryError
from signalbox.testing.gateway import MemoryGateway
from tests.framework.application import NAMESPACES
from tests.framework.realtime.backend import NOW, Backend

ROOM = NAMESPACES["room"].channel("room:1")
IN_TIME, TOO_LATE = Moment(NOW, lambda: 60.0), Moment(NOW, lambda: -1.0)
JOINED = Joined(channel="room:1", user_id="ann", connection=PresentConnection(name="Ann", connected_at=NOW))


async def room_of(size: int, inline: int = 3) -> Backend:
    backend = Backend(INLINE_RECIPIENTS=str(inline))
    await backend.connections.init_table()
    for number in range(size):
        backend.connect(f"c{number}=", name=None)
        backend.subscribe(f"c{number}=", "room:1")
    backend.gateway.posts.clear()
    return backend


async def send(backend: Backend, moment: Moment = IN_TIME) -> str:
    delivery = backend.services.channel_delivery
    return await delivery.send(ROOM, ROOM.shards, b"frame", "b", moment)


@pytest.mark.parametrize("size", [0, 1, 3])
async def test_all_are_served_at_once_when_they_are_few(size: int) -> None:
    backend = await room_of(size)

    assert await send(backend) == "inline"
    assert sorted(backend.gateway.posts) == [(f"c{n}=", b"frame") for n in range(size)]
    assert backend.queue.slices == []


async def test_all_are_left_to_the_workers_when_they_are_one_too_many() -> None:
    backend = await room_of(4)

    assert await send(backend) == "queued"
    assert backend.gateway.posts == []
    assert [each.shard for each in backend.queue.slices] == list(range(ROOM.shards))


async def test_rest_is_left_to_the_workers_when_time_is_out() -> None:
    backend = await room_of(2)

    assert await send(backend, TOO_LATE) == "queued"
    assert [each.audience for each in backend.queue.slices] == ["room:1"]


async def test_caller_hears_of_it_when_the_queue_fails() -> None:
    backend = await room_of(4)
    backend.queue.broken = True

    with pytest.raises(QueueError):
        await send(backend)


async def test_delivery_is_refused_when_begun_inside_another() -> None:
    backend = await room_of(1)
    refused: list[NestedDeliveryError] = []

    class NestingGateway(MemoryGateway):
        async def post(self, connection_id: str, frame: bytes) -> Outcome:
            try:
                await send(backend)
            except NestedDeliveryError as error:
                refused.append(error)
            return await super().post(connection_id, frame)

    outer = Delivery(NestingGateway(), backend.connections)
    channels = ChannelDelivery(Subscriptions(backend.table), outer, None, 3)

    assert await channels.send(ROOM, ROOM.shards, b"frame", "b", IN_TIME) == "inline"
    assert len(refused) == 1
    assert backend.gateway.posts == []


@pytest.mark.parametrize(("size", "told"), [(LARGEST_ROOM_TOLD, True), (LARGEST_ROOM_TOLD + 1, False)])
async def test_joins_are_told_when_the_room_is_not_too_large(size: int, told: bool) -> None:
    backend = await room_of(size)

    await backend.services.channel_delivery.tell("room:1", JOINED, excluding={"c0="}, moment=IN_TIME)

    served = {connection_id for connection_id, _ in backend.gateway.posts}
    assert served == ({f"c{n}=" for n in range(1, size)} if told else set())
