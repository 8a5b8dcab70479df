import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from connection_store import ConnectionManager, Counts, QueuedBroadcasts, Step, Table
from connection_store.broadcasts import FRAME_TTL
from connection_store.schema import SHARDS, shard_of
from tests.contract.conftest import EVERY_ENGINE
from tests.contract.instants import NOW

ONE = Counts(recipients=3, sent=2, gone=1)


@pytest.fixture(params=EVERY_ENGINE)
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def frames(table: Table) -> QueuedBroadcasts:
    return QueuedBroadcasts(table)


async def test_frame_is_found_for_an_hour_when_it_was_stored(frames: QueuedBroadcasts) -> None:
    await frames.put("b", "é" * 65_000, shards=2, now=NOW)

    assert await frames.get("b", now=NOW) == "é" * 65_000
    assert await frames.get("b", now=NOW + FRAME_TTL * 1_000) is None
    assert await frames.progress("b", now=NOW + FRAME_TTL * 1_000) is None
    assert await frames.get("other", now=NOW) is None


async def test_progress_is_complete_when_every_shard_has_come_to_its_end(frames: QueuedBroadcasts) -> None:
    await frames.put("b", "frame", shards=2, reply_to="asker=", now=NOW)

    first = await frames.advance("b", 0, Step(1, "0:a", "m1"), ONE, now=NOW)
    second = await frames.advance("b", 0, Step(2, None, "m2"), ONE, now=NOW)
    last = await frames.advance("b", 7, Step(1, None, "m3"), ONE, now=NOW)

    assert first is not None
    assert second is not None
    assert last is not None
    assert (first.finished, second.finished, last.finished) == (0, 1, 2)
    assert last.counts == ONE + ONE + ONE
    assert (last.step(0), last.step(7), last.step(1)) == (Step(2, None, "m2"), Step(1, None, "m3"), Step())
    assert (last.reply_to, last.size, last.issued_at, last.slices) == ("asker=", 5, NOW, 3)
    assert last == await frames.progress("b", now=NOW)


@pytest.mark.parametrize(
    "step", [Step(1, "0:b", "again"), Step(1, None, "again"), Step(3, None, "ahead")], ids=str
)
async def test_slice_is_counted_once_when_it_is_recorded_again(frames: QueuedBroadcasts, step: Step) -> None:
    await frames.put("b", "frame", shards=1, now=NOW)
    before = await frames.advance("b", 0, Step(1, "0:a", "m1"), ONE, now=NOW)

    assert await frames.advance("b", 0, step, ONE, now=NOW) == before
    assert await frames.progress("b", now=NOW) == before


async def test_nothing_comes_back_when_progress_is_recorded_after_the_end(
    frames: QueuedBroadcasts, rows: Callable[[], dict[tuple[str, str], dict[str, Any]]]
) -> None:
    assert await frames.advance("b", 0, Step(1, None, "m"), ONE, now=NOW) is None
    assert rows() == {}


async def test_exactly_one_is_the_last_when_all_shards_end_at_once(frames: QueuedBroadcasts) -> None:
    await frames.put("b", "frame", shards=SHARDS, now=NOW)

    ends = await asyncio.gather(
        *(frames.advance("b", shard, Step(1, None, f"m{shard}"), ONE, now=NOW) for shard in range(SHARDS))
    )

    assert sorted(end.finished for end in ends if end is not None) == list(range(1, SHARDS + 1))


async def test_frame_is_stored_once_when_there_are_many_shards(
    frames: QueuedBroadcasts, rows: Callable[[], dict[tuple[str, str], dict[str, Any]]]
) -> None:
    await frames.put("b", "frame", shards=SHARDS, now=NOW)
    await frames.advance("b", 0, Step(1, None, "m"), ONE, now=NOW)

    assert set(rows()) == {("frame#b", "@"), ("frame#b", "progress")}
    assert [row.get("frame") for row in rows().values()].count("frame") == 1


async def test_only_its_connections_are_listed_when_a_shard_is_named(connections: ConnectionManager) -> None:
    ids = [f"c{number}=" for number in range(80)]
    for id_ in ids:
        await connections.connect(id_, now=NOW)
    shard = shard_of(ids[0])
    expected = sorted(id_ for id_ in ids if shard_of(id_) == shard)

    found = [each async for each in connections.stream(shard=shard, now=NOW)]
    rest = [each async for each in connections.stream(found[0].cursor, shard=shard, now=NOW)]

    assert [each.connection_id for each in found] == expected
    assert rest == found[1:]
