"""The races of publishing and coming back: each naive order is caught, each safe one is without fault."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.framework.connection_store.interleavings import Process, World, explore

# Two publishers and a reader: the top is N, and something below it is missing


def quiet(stale: str = "") -> World:
    return World(stale, head=0, history=set(), subscribers=set(), shards=1)


def publish_by_counter(world: World) -> Process:
    yield
    world.rows["head"] += 1
    offset = world.rows["head"]
    yield
    world.rows["history"].add(offset)


def publish_in_a_transaction(world: World) -> Process:
    yield
    world.rows["head"] += 1
    world.rows["history"].add(world.rows["head"])


def read_all_at_once(world: World) -> Process:
    yield
    world.shown, world.promised = world.read("history"), world.read("head")


def misled(world: World) -> bool:
    """Whether the client lacks something of what it was told it has."""
    return not world.shown >= set(range(1, world.promised + 1))


@pytest.mark.parametrize(
    ("publish", "count"), [(publish_by_counter, (16, 30)), (publish_in_a_transaction, (0, 6))]
)
def test_g2_nothing_below_the_top_is_missing_when_both_are_written_together(
    publish: Callable[[World], Process], count: tuple[int, int]
) -> None:
    assert explore(quiet, publish, publish, read_all_at_once, wrong=misled) == count


# Recovery needs the HEAD and a query


def query_then_head(world: World) -> Process:
    yield
    world.shown = world.read("history")
    yield
    world.promised = world.read("head")


def head_then_query(world: World) -> Process:
    yield
    world.promised = world.read("head")
    yield
    world.shown = world.read("history")


@pytest.mark.parametrize(
    ("recover", "stale", "violating"),
    [(query_then_head, "", 6), (head_then_query, "", 0), (head_then_query, "history", 6)],
)
def test_g3_nothing_is_missing_when_the_head_is_read_first(
    recover: Callable[[World], Process], stale: str, violating: int
) -> None:
    publishers = (publish_in_a_transaction, publish_in_a_transaction)
    assert explore(partial(quiet, stale), *publishers, recover, wrong=misled) == (violating, 12)


# The same, where a transaction becomes visible item by item


def publish_visibly_item_by_item(world: World) -> Process:
    yield
    world.rows["head"] += 1
    offset = world.rows["head"]
    yield
    world.rows["history"].add(offset)


def head_then_query_again(world: World) -> Process:
    yield
    head = world.read("head")
    for _ in range(1 + 3):
        yield
        shown = {offset for offset in world.read("history") if offset <= head}
        if len(shown) == head:
            world.shown, world.promised = shown, head
            return
    # Not recovered: nothing is shown, and nothing promised.


@pytest.mark.parametrize(("recover", "violating"), [(head_then_query, 26), (head_then_query_again, 0)])
def test_g3_a_page_that_ends_below_the_head_is_read_again(
    recover: Callable[[World], Process], violating: int
) -> None:
    publishers = (publish_visibly_item_by_item, publish_visibly_item_by_item)
    count = explore(quiet, *publishers, recover, wrong=misled)
    assert count.violating == violating
    assert count.schedules >= 90


# Subscribe and catch up, while somebody publishes: a silent hole


def read_then_subscribe(world: World) -> Process:
    yield
    world.shown |= world.read("history")
    yield
    world.rows["subscribers"].add(0)


def subscribe_then_read(world: World) -> Process:
    yield
    world.rows["subscribers"].add(0)
    yield
    world.shown |= world.read("history")


def fan_out(world: World, offset: int, shards: int) -> None:
    if any(shard < shards for shard in world.read("subscribers")):
        world.shown.add(offset)


def append_then_fan_out(world: World) -> Process:
    yield from publish_in_a_transaction(world)
    yield
    fan_out(world, 1, shards=1)


def fan_out_then_append(world: World) -> Process:
    yield
    fan_out(world, 1, shards=1)
    yield from publish_in_a_transaction(world)


def holed(world: World) -> bool:
    return bool(world.shown != world.rows["history"])


@pytest.mark.parametrize(
    ("catch_up", "publish", "stale", "violating"),
    [
        (read_then_subscribe, append_then_fan_out, "", 1),
        (subscribe_then_read, fan_out_then_append, "", 1),
        (subscribe_then_read, append_then_fan_out, "", 0),
        (subscribe_then_read, append_then_fan_out, "subscribers", 1),
        (subscribe_then_read, append_then_fan_out, "history", 1),
    ],
)
def test_g3_nothing_is_missed_when_one_subscribes_before_reading_and_appends_before_sending(
    catch_up: Callable[[World], Process], publish: Callable[[World], Process], stale: str, violating: int
) -> None:
    assert explore(partial(quiet, stale), catch_up, publish, wrong=holed) == (violating, 6)


# A channel gets more shards, while somebody publishes who knows of fewer


def subscribe_and_grow(world: World) -> Process:
    yield
    world.rows["subscribers"].add(3)
    yield
    world.rows["shards"] = 4
    yield
    world.shown |= world.read("history")


def publish_to_the_shards_once_read(world: World) -> Process:
    yield
    shards = world.read("shards")
    yield from publish_in_a_transaction(world)
    yield
    fan_out(world, 1, shards)


def publish_if_the_shards_are_as_read(world: World) -> Process:
    appended = False
    while not appended:
        yield
        shards = world.read("shards")
        yield
        if appended := shards == world.rows["shards"]:
            world.rows["head"] += 1
            world.rows["history"].add(world.rows["head"])
    yield
    fan_out(world, 1, shards)


@pytest.mark.parametrize(
    ("publish", "count"),
    [(publish_to_the_shards_once_read, (2, 20)), (publish_if_the_shards_are_as_read, (0, 24))],
)
def test_no_shard_is_left_out_when_the_append_checks_their_number(
    publish: Callable[[World], Process], count: tuple[int, int]
) -> None:
    assert explore(quiet, subscribe_and_grow, publish, wrong=holed) == count
