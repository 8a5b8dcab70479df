import asyncio

import pytest

from signalbox.client.channels.queue import BoundedQueue
from signalbox.client.errors import LostError
from signalbox.client.values import Gap, Publication
from tests.framework.client.published import at, several


def queue(limit: int = 3) -> BoundedQueue[Publication]:
    """A small one."""
    return BoundedQueue("room:1", limit)


async def test_items_come_out_in_order_when_they_are_taken() -> None:
    box = queue()
    for each in several(1, 2):
        box.put(each)

    assert [await anext(box), await anext(box)] == several(1, 2)


async def test_one_gap_is_in_place_of_the_oldest_when_there_are_too_many() -> None:
    box = queue()
    for each in several(1, 2, 3, 4, 5):
        box.put(each)

    assert await anext(box) == Gap("room:1", "overflow", at(2))
    assert [await anext(box) for _ in range(3)] == several(3, 4, 5)


async def test_there_is_a_second_gap_when_it_overflows_after_the_first_was_taken() -> None:
    box = queue(1)
    box.put(several(1)[0])
    box.put(several(2)[0])
    assert await anext(box) == Gap("room:1", "overflow", at(1))
    box.put(several(3)[0])

    assert await anext(box) == Gap("room:1", "overflow", at(2))
    assert await anext(box) == several(3)[0]


async def test_what_is_there_can_be_taken_when_it_has_ended() -> None:
    box = queue()
    box.put(several(1)[0])
    box.end(LostError("gone"))
    box.put(several(2)[0])

    assert await anext(box) == several(1)[0]
    for _ in range(2):
        with pytest.raises(LostError, match="gone"):
            await anext(box)


async def test_whoever_waits_is_woken_when_it_ends() -> None:
    box = queue()
    items = asyncio.create_task(_take_all(box))
    await asyncio.sleep(0)
    box.end()

    assert await items == []


async def _take_all(box: BoundedQueue[Publication]) -> list[Publication | Gap]:
    return [item async for item in box]
