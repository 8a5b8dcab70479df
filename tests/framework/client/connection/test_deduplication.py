from typing import Any

import pytest

from signalbox.client.connection.deduplication import KEPT, Deduplicator

OLD: Any = object()
NEW: Any = object()


@pytest.mark.parametrize("count", [50, 200, KEPT])
def test_each_is_shown_once_when_one_connection_is_far_ahead(count: int) -> None:
    deduplicator = Deduplicator()

    assert not any(deduplicator.is_repeat(OLD, f"{number}") for number in range(count))
    assert all(deduplicator.is_repeat(NEW, f"{number}") for number in range(count))


def test_each_is_shown_once_when_now_one_is_ahead_and_now_the_other() -> None:
    deduplicator = Deduplicator()
    frames = [(OLD, "1"), (NEW, "2"), (NEW, "1"), (NEW, "3"), (OLD, "2"), (OLD, "3")]

    assert [deduplicator.is_repeat(*frame) for frame in frames] == [False, False, True, False, True, True]


def test_it_is_shown_twice_when_it_was_said_twice() -> None:
    deduplicator = Deduplicator()
    frames = [(OLD, "1"), (OLD, "1"), (NEW, "1"), (NEW, "1"), (NEW, "1")]

    assert [deduplicator.is_repeat(*frame) for frame in frames] == [False, False, True, True, False]


def test_the_oldest_is_forgotten_when_there_are_too_many() -> None:
    deduplicator = Deduplicator()
    for number in range(KEPT + 1):
        deduplicator.is_repeat(OLD, f"{number}")

    assert deduplicator.is_repeat(NEW, "1")
    assert not deduplicator.is_repeat(NEW, "0")
