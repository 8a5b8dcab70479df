"""The simulated network delays and reorders items by the clock of the plan."""

import asyncio
from random import Random

from signalbox.gateway.faults.decisions import Reordering
from signalbox.gateway.faults.network import SimulatedNetwork
from signalbox.gateway.faults.plan import Shuffle

PATIENCE = 30.0


def reordering(window: int, within: float = 1_000.0) -> Reordering:
    """A stay in the same buffer, released in the same random order each time."""
    return Reordering((0, 1), Shuffle("post", window, within=within), Random(3))


async def test_items_wait_for_each_other_and_all_go_on_when_the_window_is_full() -> None:
    network, arrived = SimulatedNetwork(1.0), list[int]()

    async def send(number: int) -> None:
        await network.transmit(0, [reordering(3)])
        arrived.append(number)

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        first = group.create_task(send(1))
        group.create_task(send(2))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not first.done()
        group.create_task(send(3))
    assert sorted(arrived) == [1, 2, 3]


async def test_items_go_on_when_the_window_is_not_full_in_time() -> None:
    network = SimulatedNetwork(1_000.0)
    async with asyncio.timeout(PATIENCE):
        await network.transmit(0, [reordering(2, within=1.0)])


async def test_delay_is_shorter_when_the_clock_of_the_plan_is_faster() -> None:
    async with asyncio.timeout(PATIENCE):
        await SimulatedNetwork(1_000_000.0).transmit(3_600.0, [])


async def test_items_in_transit_are_given_up_when_the_network_is_closed() -> None:
    network, arrived = SimulatedNetwork(1.0), list[str]()

    async def send() -> None:
        await network.transmit(3_600.0, [])
        arrived.append("late")

    network.start(send())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await network.close()
    assert arrived == []
