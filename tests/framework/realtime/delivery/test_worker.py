import json
from collections import Counter

import pytest

from connection_store import Counts, Table
from connection_store.schema import SHARDS
from signalbox.moment import Moment
from signalbox.pricing.broadcast import estimate
from signalbox.publisher import Slice, Slow
from signalbox.realtime.delivery.queue import THROTTLE_PAUSE
from signalbox.realtime.delivery.worker import StuckError
from signalbox.testing.dynamodb import MemoryEngine
from tests.framework.realtime.backend import NOW
from tests.framework.realtime.workers import Crash, CrashingBroadcasts, WorkerQueue

FRAME = '{"v":1,"type":"message","message_id":"b"}'


@pytest.fixture
async def frames() -> CrashingBroadcasts:
    table = Table("frames", engine=MemoryEngine(), budget=30)
    await table.create()
    frames = CrashingBroadcasts(table)
    frames.crash = Crash()
    return frames


async def begin(line: WorkerQueue, shards: int, broadcast_id: str = "b") -> None:
    await line.frames.put(broadcast_id, FRAME, shards=shards, reply_to="asker=", now=NOW)
    await line.send([Slice(broadcast_id, shard, NOW) for shard in range(shards)])


def copies(line: WorkerQueue) -> Counter[str]:
    """How often each recipient was posted the frame."""
    return Counter(to for to, frame in line.gateway.posts if frame == FRAME.encode())


def reports(line: WorkerQueue) -> list[dict[str, object]]:
    return [json.loads(frame) for to, frame in line.gateway.posts if to == "asker="]


async def test_f14_everybody_has_the_frame_when_a_worker_dies_in_every_slice(
    frames: CrashingBroadcasts,
) -> None:
    line = WorkerQueue(10_000, frames, posts=250)
    await begin(line, SHARDS)

    await line.work(kill_every=15)

    posted = copies(line)
    progress = await frames.progress("b", now=NOW)
    assert progress is not None
    assert set(posted) == {f"c{n}=" for n in range(10_000)}
    kills = line.deliveries - progress.slices
    assert kills == progress.slices >= 2 * SHARDS - 4
    assert posted.total() <= 10_000 + kills * 250
    assert progress.counts == Counts(recipients=10_000, sent=10_000)
    # One message id in every copy: a client shows it once.
    assert {frame for to, frame in line.gateway.posts if to != "asker="} == {FRAME.encode()}
    assert [report["recipients"] for report in reports(line)] == [10_000]


async def test_f14_nothing_is_lost_or_counted_twice_when_the_worker_dies_after_any_call(
    frames: CrashingBroadcasts,
) -> None:
    clean = WorkerQueue(250, frames, posts=4)
    await begin(clean, 2, "clean")
    audience = sum(len(clean.crowd.shards.get(shard, [])) for shard in (0, 1))
    before = frames.crash.calls
    await clean.work()

    for call in range(1, frames.crash.calls - before + 1):
        line = WorkerQueue(250, frames, posts=4)
        await begin(line, 2, f"b{call}")
        frames.crash.number = frames.crash.calls + call
        await line.work()

        posted = copies(line)
        progress = await frames.progress(f"b{call}", now=NOW)
        assert progress is not None
        assert len(posted) == audience
        assert posted.total() <= audience + 4
        assert progress.counts == Counts(recipients=audience, sent=audience)
        assert progress.finished == 2
        assert 1 <= len(reports(line)) <= 2


async def test_nothing_is_posted_again_when_a_message_comes_again_after_its_end(
    frames: CrashingBroadcasts,
) -> None:
    line = WorkerQueue(60, frames, posts=1_000)
    await begin(line, 2)
    waiting = list(line.waiting)
    await line.work()
    before = copies(line)

    line.waiting.extend(waiting)
    await line.work()

    assert copies(line) == before


async def test_chain_does_not_double_when_the_same_slice_was_queued_twice(frames: CrashingBroadcasts) -> None:
    line = WorkerQueue(300, frames, posts=4)
    await begin(line, 2)
    await line.send([each for _, each in line.waiting])
    await line.work()

    progress = await frames.progress("b", now=NOW)
    assert progress is not None
    # Whoever did not record a slice does not go on: each is queued once, but for the two at the beginning.
    assert line.deliveries == progress.slices + 2


async def test_slice_is_given_up_when_its_frame_has_expired(frames: CrashingBroadcasts) -> None:
    line = WorkerQueue(60, frames, posts=100)
    await line.worker.process(Slice("unknown", 0, NOW), "m", Moment(NOW, lambda: 60.0))

    assert line.gateway.posts == []


async def test_message_comes_back_when_nobodys_turn_came(frames: CrashingBroadcasts) -> None:
    line = WorkerQueue(60, frames, posts=0)
    await begin(line, 1)

    with pytest.raises(StuckError):
        await line.work()
    progress = await frames.progress("b", now=NOW)
    assert progress is not None
    assert progress.slices == 0


async def test_f16_slice_goes_on_later_when_the_account_is_refused(frames: CrashingBroadcasts) -> None:
    line = WorkerQueue(1_000, frames, posts=30)
    await begin(line, 1)
    for each in line.crowd.shards[0][10:]:
        line.gateway.script(each.connection_id, Slow())

    await line.work()

    # Refused until time ran out, then a pause; after that everybody was served.
    assert line.delays[:2] == [0, THROTTLE_PAUSE]
    progress = await frames.progress("b", now=NOW)
    assert progress is not None
    assert progress.counts.sent == progress.counts.recipients == len(line.crowd.shards[0])


def test_price_of_a_post_is_nearly_all_of_it_when_many_are_served() -> None:
    assert estimate(10_000, 0, 300) == pytest.approx(0.01, rel=0.01)
    assert estimate(10_000, 0, 300, slices=32) == pytest.approx(0.01, rel=0.02)
    assert estimate(10_000, 0, 32_769) == pytest.approx(0.02, rel=0.01)


def test_price_counts_the_queue_and_the_table_when_few_are_served() -> None:
    # Three requests to the queue, three reads and four writes; three writes for who is gone.
    assert estimate(0, 0, 300, slices=1) == pytest.approx((3 * 0.40 + 3 * 0.125 + 4 * 0.625) / 1e6)
    assert estimate(0, 10, 300) == pytest.approx(10 * 3 * 0.625 / 1e6)
