from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.client.channels.reordering import HELD, ReorderBuffer
from signalbox.client.values import Gap, Item, Position, Publication
from tests.framework.client.published import ANN, at, publication, several, walk

LENGTH = 30


def ordered(start: int = 0, limit: int = HELD) -> ReorderBuffer:
    """The order of a channel that was subscribed to at an offset."""
    buffer = ReorderBuffer("room:1", limit=limit)
    assert buffer.resume(at(start), None, []) == []
    return buffer


def offsets(items: Sequence[Item]) -> list[int | str]:
    """The offsets of publications, and the reasons of gaps."""
    return [
        item.reason if isinstance(item, Gap) else item.position.offset if item.position else 0
        for item in items
    ]


def ask_history(buffer: ReorderBuffer, head: int, kept_from: int = 1, page: int = 7) -> list[Item]:
    """What history brings of a channel with offsets up to `head`, page by page."""
    items: list[Item] = []
    more = True
    while more and buffer.position:
        kept = range(max(kept_from, buffer.position.offset + 1), head + 1)
        more = len(kept) > page
        items += buffer.fill(several(*kept[:page]), at(head), more)
    return items


@settings(deadline=None)
@given(
    st.lists(st.integers(0, LENGTH), max_size=80),
    st.integers(0, LENGTH),
    st.integers(1, LENGTH),
    st.integers(1, 8),
)
def test_everything_is_given_once_and_in_turn_when_it_comes_in_any_order(
    arrivals: list[int], start: int, kept_from: int, limit: int
) -> None:
    buffer, items = ordered(start, limit), list[Item]()
    head = start
    for arrival in arrivals:  # 0 is the moment in which history is asked
        head = max(head, arrival)
        items += buffer.take(publication(arrival)) if arrival else ask_history(buffer, head, kept_from)
    items += ask_history(buffer, head, kept_from)

    assert walk(items, at(start)) == buffer.position == at(head)
    assert kept_from > start + 1 or not any(isinstance(item, Gap) for item in items)
    assert not buffer.is_behind


@settings(deadline=None)
@given(st.data(), st.integers(1, 5))
def test_everything_is_given_once_and_in_turn_when_the_line_breaks_again_and_again(
    data: st.DataObject, breaks: int
) -> None:
    buffer, items, head = ordered(), list[Item](), 0
    for _ in range(breaks):
        before, head = head, data.draw(st.integers(head, head + 8))
        known = buffer.position
        assert known
        early = data.draw(st.lists(st.sampled_from(range(before, head + 4)), max_size=6))
        head = max([head, *early])
        for offset in filter(None, early):
            items += buffer.take(publication(offset))
        items += buffer.resume(at(head), True, several(*range(known.offset + 1, head + 1)))

    assert walk(items, at(0)) == at(head)
    assert not any(isinstance(item, Gap) for item in items)


def test_it_is_given_at_once_when_the_channel_has_no_history() -> None:
    buffer = ReorderBuffer("live:1")
    passing = Publication("live:1", None, ANN, 1, 1)

    assert buffer.take(passing) == buffer.take(passing) == [passing]
    assert buffer.resume(None, None, []) == []
    assert buffer.position is None


def test_what_comes_before_the_answer_is_held_when_it_is_not_known_where_the_channel_is() -> None:
    buffer = ReorderBuffer("room:1")

    assert [*buffer.take(publication(7)), *buffer.take(publication(5))] == []
    assert not buffer.is_behind
    assert offsets(buffer.resume(at(6), None, [])) == [7]


def test_the_gap_is_one_when_the_server_could_not_recover() -> None:
    buffer = ordered(5)
    buffer.take(publication(9))
    buffer.take(publication(12))

    items = buffer.resume(at(11), False, [])

    assert items == [Gap("room:1", "unrecovered", at(11)), publication(12)]


def test_there_is_no_gap_when_the_other_connection_brought_it_meanwhile() -> None:
    buffer = ordered(5)

    assert offsets(buffer.take(publication(6))) == [6]
    assert buffer.resume(at(6), False, []) == []


def test_the_gap_is_before_what_is_left_when_history_is_trimmed() -> None:
    buffer = ordered(1)
    buffer.take(publication(7))

    assert offsets(buffer.fill(several(5, 6), at(8), False)) == ["lost", 5, 6, 7, "lost"]
    assert buffer.position == at(8)


def test_a_lack_is_noticed_when_there_were_too_many_to_hold() -> None:
    buffer = ordered(0, limit=2)
    for offset in (3, 4, 5):
        assert buffer.take(publication(offset)) == []

    assert offsets(buffer.take(publication(1))) == [1]
    assert offsets(buffer.take(publication(2))) == [2, 3, 4]
    assert buffer.is_behind
    assert offsets(ask_history(buffer, 5)) == [5]
    assert not buffer.is_behind


def test_it_goes_on_in_the_new_epoch_when_the_old_one_is_lost() -> None:
    buffer = ordered(5)
    buffer.take(publication(3, "f"))
    assert buffer.is_behind

    buffer.take(publication(4, "f"))

    items = buffer.lose()

    assert items == [Gap("room:1", "lost", at(2, "f")), publication(3, "f"), publication(4, "f")]
    assert buffer.take(publication(6)) == []
    assert not buffer.is_behind
    assert offsets(buffer.take(publication(5, "f"))) == [5]


def test_it_goes_on_with_what_is_held_when_history_has_nothing() -> None:
    buffer = ordered(5, limit=2)
    for offset in (8, 7, 9):
        buffer.take(publication(offset))

    assert offsets(buffer.settle(buffer.waiting)) == ["lost", 7, 8, "lost"]
    assert buffer.position == at(9)
    assert not buffer.is_behind


def test_the_newer_epoch_is_the_one_when_both_have_come() -> None:
    buffer = ordered(5)
    buffer.take(publication(3, "f"))
    buffer.take(publication(8))

    assert buffer.lose() == [Gap("room:1", "lost", at(2, "f")), publication(3, "f")]
    assert buffer.take(publication(9)) == []
    assert not buffer.is_behind


def test_what_is_held_follows_when_history_fills_the_hole_before_it() -> None:
    buffer = ordered(5)
    for offset in (8, 9):
        buffer.take(publication(offset))

    assert offsets(buffer.fill(several(6, 7), at(7), False)) == [6, 7, 8, 9]


def test_a_hole_is_one_when_the_server_was_not_asked_to_recover() -> None:
    buffer = ordered(5)
    buffer.lose(at(2, "f"))
    buffer.take(publication(3, "f"))

    assert buffer.resume(at(6, "f"), None, []) == []
    assert buffer.position == at(3, "f")


def test_it_goes_on_where_the_server_says_when_the_epoch_is_another() -> None:
    buffer = ordered(5)

    assert buffer.fill([], at(9, "f"), False) == [Gap("room:1", "lost", at(9, "f"))]
    assert offsets(buffer.take(publication(10, "f"))) == [10]


@pytest.mark.parametrize("head", [None, at(4), at(5)])
def test_nothing_is_given_when_nobody_says_where_it_goes_on(head: Position | None) -> None:
    buffer = ordered(5)
    buffer.take(publication(7))

    assert buffer.lose(head) == []
    assert buffer.position == at(5)


def test_a_late_publication_of_a_former_epoch_is_dropped_when_history_has_been_read() -> None:
    buffer = ordered(5)
    buffer.take(publication(9, "d"))
    waiting = buffer.waiting
    buffer.take(publication(1, "f"))

    assert buffer.settle(waiting) == []
    assert buffer.take(publication(10, "d")) == []
    assert buffer.waiting == {at(1, "f")}


@pytest.mark.parametrize("recovered", [True, False])
def test_nothing_is_given_again_when_the_answer_is_older_than_what_came(recovered: bool) -> None:
    buffer = ordered(5)
    buffer.take(publication(6))

    assert buffer.resume(at(5), recovered, []) == []
    assert buffer.position == at(6)
