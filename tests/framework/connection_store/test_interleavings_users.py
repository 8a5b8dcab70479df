"""The races of a user's connects and logouts: each naive order is caught, each safe one is without fault."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.framework.connection_store.interleavings import Process, World, explore

# Two connects for the last place


def one_place() -> World:
    return World(version=0, connections=set())


def too_many(world: World) -> bool:
    return len(world.rows["connections"]) > 1


def none_at_all(world: World) -> bool:
    return not world.rows["connections"]


def connect_if_there_was_room(name: str, world: World) -> Process:
    yield
    found = world.read("connections")
    yield
    if not found:
        world.rows["connections"].add(name)


def connect_guarded(name: str, world: World) -> Process:
    while True:
        yield
        version = world.read("version")
        yield
        if world.read("connections"):
            return
        yield
        if world.rows["version"] == version:
            world.rows["version"] += 1
            world.rows["connections"].add(name)
            return


def connect_guarded_too_late(name: str, world: World) -> Process:
    while True:
        yield
        found = world.read("connections")
        yield
        version = world.read("version")
        if found:
            return
        yield
        if world.rows["version"] == version:
            world.rows["version"] += 1
            world.rows["connections"].add(name)
            return


@pytest.mark.parametrize(
    ("connect", "goes_wrong"),
    [(connect_if_there_was_room, True), (connect_guarded_too_late, True), (connect_guarded, False)],
)
def test_s10_one_of_two_wins_when_the_guard_is_read_first(
    connect: Callable[[str, World], Process], goes_wrong: bool
) -> None:
    both = (partial(connect, "one"), partial(connect, "two"))

    assert bool(explore(one_place, *both, wrong=too_many).violating) is goes_wrong
    assert explore(one_place, *both, wrong=none_at_all).violating == 0


# A logout while somebody connects


def logged_in() -> World:
    return World(version=0, revoked=False, connections={"tab"})


def somebody_is_left(world: World) -> bool:
    return bool(world.rows["connections"])


def connect_unless_revoked(world: World) -> Process:
    yield
    revoked = world.read("revoked")
    yield
    if not revoked:
        world.rows["connections"].add("new")


def connect_if_nothing_changed(world: World) -> Process:
    while True:
        yield
        version, revoked = world.read("version"), world.read("revoked")
        if revoked:
            return
        yield
        if world.rows["version"] == version:
            world.rows["version"] += 1
            world.rows["connections"].add("new")
            return


def close_then_revoke(world: World) -> Process:
    yield
    found = world.read("connections")
    yield
    world.rows["connections"] -= found
    yield
    world.rows.update(revoked=True, version=world.rows["version"] + 1)


def revoke_then_close(world: World) -> Process:
    yield
    world.rows.update(revoked=True, version=world.rows["version"] + 1)
    yield
    found = world.read("connections")
    yield
    world.rows["connections"] -= found


@pytest.mark.parametrize(
    ("logout", "connect", "goes_wrong"),
    [
        (close_then_revoke, connect_unless_revoked, True),
        (close_then_revoke, connect_if_nothing_changed, True),
        (revoke_then_close, connect_unless_revoked, True),
        (revoke_then_close, connect_if_nothing_changed, False),
    ],
)
def test_s07_nobody_is_left_when_logout_comes_first_and_connects_are_guarded(
    logout: Callable[[World], Process], connect: Callable[[World], Process], goes_wrong: bool
) -> None:
    assert bool(explore(logged_in, logout, connect, wrong=somebody_is_left).violating) is goes_wrong


# A subscribe while the session is extended


def short_session() -> World:
    return World(ends=1, subscriptions={"old": 1})


def lapses(world: World) -> bool:
    return world.rows["ends"] == 2 and 1 in world.rows["subscriptions"].values()


def subscribe_until_what_was_read(world: World) -> Process:
    yield
    ends = world.read("ends")
    yield
    world.rows["subscriptions"]["new"] = ends


def subscribe_until_it_ends(world: World) -> Process:
    while True:
        yield
        ends = world.read("ends")
        yield
        if world.rows["ends"] == ends:
            world.rows["subscriptions"]["new"] = ends
            return


def extend_connection_last(world: World) -> Process:
    yield
    found = world.read("subscriptions")
    yield
    world.rows["subscriptions"].update(dict.fromkeys(found, 2))
    yield
    world.rows["ends"] = 2


def extend_looking_twice(world: World) -> Process:
    yield from extend_connection_last(world)
    yield
    found = world.read("subscriptions")
    yield
    world.rows["subscriptions"].update(dict.fromkeys(found, 2))


@pytest.mark.parametrize(
    ("extend", "subscribe", "goes_wrong"),
    [
        (extend_connection_last, subscribe_until_what_was_read, True),
        (extend_connection_last, subscribe_until_it_ends, True),
        (extend_looking_twice, subscribe_until_what_was_read, True),
        (extend_looking_twice, subscribe_until_it_ends, False),
    ],
)
def test_s07_no_subscription_lapses_when_the_session_is_extended(
    extend: Callable[[World], Process], subscribe: Callable[[World], Process], goes_wrong: bool
) -> None:
    assert bool(explore(short_session, extend, subscribe, wrong=lapses).violating) is goes_wrong
