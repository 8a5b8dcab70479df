"""The workers' queue gets the frame once, and messages that name it."""

import pytest

from signalbox.moment import Moment
from signalbox.publisher import QueueError, Report
from signalbox.realtime.delivery.queue import THROTTLE_PAUSE, DeliveryQueue
from tests.framework.realtime.backend import NOW, Backend

MOMENT = Moment(NOW, lambda: 60.0)


@pytest.fixture
def waiting(backend: Backend) -> DeliveryQueue:
    return DeliveryQueue(backend.broadcasts, backend.queue, "acme")


async def test_one_message_for_each_shard_names_the_frame_when_a_broadcast_is_added(
    backend: Backend, waiting: DeliveryQueue
) -> None:
    await waiting.add("b", b'"frame"', shards=4, channel="room:1", moment=MOMENT)

    assert await backend.broadcasts.get("b", now=NOW) == '"frame"'
    assert [each.shard for each in backend.queue.slices] == [0, 1, 2, 3]
    assert {(each.broadcast_id, each.audience, each.tenant) for each in backend.queue.slices} == {
        ("b", "room:1", "acme")
    }
    assert backend.queue.delays == [0] * 4


@pytest.mark.parametrize(("throttled", "delay"), [(False, 0), (True, THROTTLE_PAUSE)])
async def test_rest_goes_on_at_the_cursor_when_time_was_out(
    backend: Backend, waiting: DeliveryQueue, throttled: bool, delay: int
) -> None:
    report = Report(recipients=3, sent=3, cursor="4:c3=", complete=False, throttled=throttled)

    await waiting.resume("b", b'"frame"', report, channel="room:1", moment=MOMENT)

    (rest,) = backend.queue.slices
    assert (rest.shard, rest.cursor, rest.audience) == (None, "4:c3=", "room:1")
    assert backend.queue.delays == [delay]


async def test_frame_is_stored_and_the_caller_hears_when_the_queue_fails(
    backend: Backend, waiting: DeliveryQueue
) -> None:
    backend.queue.broken = True

    with pytest.raises(QueueError):
        await waiting.add("b", b'"frame"', shards=1, moment=MOMENT)
    assert await backend.broadcasts.get("b", now=NOW) == '"frame"'
