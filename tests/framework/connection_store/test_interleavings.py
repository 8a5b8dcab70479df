"""The races of coming and going: each naive order is caught, each safe one is without fault."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.framework.connection_store.interleavings import Process, World, explore

# $disconnect and subscribe: a subscription that no connection owns


def connected() -> World:
    return World(connection=True, subscriptions=set())


def orphaned(world: World) -> bool:
    return bool(world.rows["subscriptions"]) and not world.rows["connection"]


def subscribe_blindly(world: World) -> Process:
    yield
    world.rows["subscriptions"].add("room")


def subscribe_in_a_transaction(world: World) -> Process:
    yield
    if world.rows["connection"]:
        world.rows["subscriptions"].add("room")


def disconnect_subscriptions_first(world: World) -> Process:
    yield
    found = world.read("subscriptions")
    yield
    world.rows["subscriptions"] -= found
    yield
    world.rows["connection"] = False


def disconnect_connection_first(world: World) -> Process:
    yield
    world.rows["connection"] = False
    yield
    found = world.read("subscriptions")
    yield
    world.rows["subscriptions"] -= found


@pytest.mark.parametrize(
    ("disconnect", "subscribe", "violating"),
    [
        (disconnect_subscriptions_first, subscribe_blindly, 3),
        (disconnect_subscriptions_first, subscribe_in_a_transaction, 2),
        (disconnect_connection_first, subscribe_blindly, 2),
        (disconnect_connection_first, subscribe_in_a_transaction, 0),
    ],
)
def test_f03_no_subscription_is_orphaned_when_the_connection_ends_first(
    disconnect: Callable[[World], Process], subscribe: Callable[[World], Process], violating: int
) -> None:
    assert explore(connected, disconnect, subscribe, wrong=orphaned) == (violating, 4)


def test_f03_it_takes_a_consistent_read_of_the_subscriptions() -> None:
    start = partial(World, stale="subscriptions", connection=True, subscriptions=set())
    processes = (disconnect_connection_first, subscribe_in_a_transaction)
    assert explore(start, *processes, wrong=orphaned) == (1, 4)


# A late message and $disconnect: a ghost


def touch_as_an_upsert(world: World) -> Process:
    yield
    world.rows["connection"] = True


def touch_what_exists(world: World) -> Process:
    yield
    if world.rows["connection"]:
        world.rows["connection"] = True


def disconnect(world: World) -> Process:
    yield
    world.rows["connection"] = False


@pytest.mark.parametrize(("touch", "violating"), [(touch_as_an_upsert, 1), (touch_what_exists, 0)])
def test_f04_no_ghost_comes_back_when_a_touch_is_conditional(
    touch: Callable[[World], Process], violating: int
) -> None:
    count = explore(connected, touch, disconnect, wrong=lambda world: bool(world.rows["connection"]))
    assert count == (violating, 2)


# Two subscribes at the limit of one


def unsubscribed() -> World:
    return World(count=0, subscriptions=set())


def over_the_limit(world: World) -> bool:
    return len(world.rows["subscriptions"]) != 1


def subscribe_if_there_was_room(name: str, world: World) -> Process:
    yield
    count = world.read("count")
    yield
    if count < 1:
        world.rows["count"] = count + 1
        world.rows["subscriptions"].add(name)


def subscribe_while_there_is_room(name: str, world: World) -> Process:
    yield
    if world.rows["count"] < 1:
        world.rows["count"] += 1
        world.rows["subscriptions"].add(name)


@pytest.mark.parametrize(
    ("subscribe", "count"), [(subscribe_if_there_was_room, (4, 6)), (subscribe_while_there_is_room, (0, 2))]
)
def test_one_of_two_wins_when_the_count_is_checked_where_it_is_written(
    subscribe: Callable[[str, World], Process], count: tuple[int, int]
) -> None:
    both = (partial(subscribe, "one"), partial(subscribe, "two"))
    assert explore(unsubscribed, *both, wrong=over_the_limit) == count
