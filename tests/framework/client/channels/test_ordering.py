from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.client.channels.ordering import HELD, Order
from signalbox.client.values import Gap, Item, Position, Publication
from tests.framework.client.published import ANN, at, publication, several, walk

LENGTH = 30


def ordered(start: int = 0, limit: int = HELD) -> Order:
    """The order of a channel that was subscribed to at an offset."""
    order = Order("room:1", limit=limit)
    assert order.resume(at(start), None, []) == []
    return order


def offsets(items: Sequence[Item]) -> list[int | str]:
    """The offsets of publications, and the reasons of gaps."""
    return [
        item.reason if isinstance(item, Gap) else item.position.offset if item.position else 0
        for item in items
    ]


def ask_history(order: Order, head: int, kept_from: int = 1, page: int = 7) -> list[Item]:
    """What history brings of a channel with offsets up to `head`, page by page."""
    items: list[Item] = []
    more = True
    while more and order.position:
        kept = range(max(kept_from, order.position.offset + 1), head + 1)
        more = len(kept) > page
        items += order.fill(several(*kept[:page]), at(head), more)
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
    order, items = ordered(start, limit), list[Item]()
    head = start
    for arrival in arrivals:  # 0 is the moment in which history is asked
        head = max(head, arrival)
        items += order.take(publication(arrival)) if arrival else ask_history(order, head, kept_from)
    items += ask_history(order, head, kept_from)

    assert walk(items, at(start)) == order.position == at(head)
    assert kept_from > start + 1 or not any(isinstance(item, Gap) for item in items)
    assert not order.lacks


@settings(deadline=None)
@given(st.data(), st.integers(1, 5))
def test_everything_is_given_once_and_in_turn_when_the_line_breaks_again_and_again(
    data: st.DataObject, breaks: int
) -> None:
    order, items, head = ordered(), list[Item](), 0
    for _ in range(breaks):
        before, head = head, data.draw(st.integers(head, head + 8))
        known = order.position
        assert known
        early = data.draw(st.lists(st.sampled_from(range(before, head + 4)), max_size=6))
        head = max([head, *early])
        for offset in filter(None, early):
            items += order.take(publication(offset))
        items += order.resume(at(head), True, several(*range(known.offset + 1, head + 1)))

    assert walk(items, at(0)) == at(head)
    assert not any(isinstance(item, Gap) for item in items)


def test_it_is_given_at_once_when_the_channel_has_no_history() -> None:
    order = Order("live:1")
    passing = Publication("live:1", None, ANN, 1, 1)

    assert order.take(passing) == order.take(passing) == [passing]
    assert order.resume(None, None, []) == []
    assert order.position is None


def test_what_comes_before_the_answer_is_held_when_it_is_not_known_where_the_channel_is() -> None:
    order = Order("room:1")

    assert [*order.take(publication(7)), *order.take(publication(5))] == []
    assert not order.lacks
    assert offsets(order.resume(at(6), None, [])) == [7]


def test_the_gap_is_one_when_the_server_could_not_recover() -> None:
    order = ordered(5)
    order.take(publication(9))
    order.take(publication(12))

    items = order.resume(at(11), False, [])

    assert items == [Gap("room:1", "unrecovered", at(11)), publication(12)]


def test_there_is_no_gap_when_the_other_connection_brought_it_meanwhile() -> None:
    order = ordered(5)

    assert offsets(order.take(publication(6))) == [6]
    assert order.resume(at(6), False, []) == []


def test_the_gap_is_before_what_is_left_when_history_is_trimmed() -> None:
    order = ordered(1)
    order.take(publication(7))

    assert offsets(order.fill(several(5, 6), at(8), False)) == ["lost", 5, 6, 7, "lost"]
    assert order.position == at(8)


def test_a_lack_is_noticed_when_there_were_too_many_to_hold() -> None:
    order = ordered(0, limit=2)
    for offset in (3, 4, 5):
        assert order.take(publication(offset)) == []

    assert offsets(order.take(publication(1))) == [1]
    assert offsets(order.take(publication(2))) == [2, 3, 4]
    assert order.lacks
    assert offsets(ask_history(order, 5)) == [5]
    assert not order.lacks


def test_it_goes_on_in_the_new_epoch_when_the_old_one_is_lost() -> None:
    order = ordered(5)
    order.take(publication(3, "f"))
    assert order.lacks

    order.take(publication(4, "f"))

    items = order.lose()

    assert items == [Gap("room:1", "lost", at(2, "f")), publication(3, "f"), publication(4, "f")]
    assert order.take(publication(6)) == []
    assert not order.lacks
    assert offsets(order.take(publication(5, "f"))) == [5]


def test_it_goes_on_with_what_is_held_when_history_has_nothing() -> None:
    order = ordered(5, limit=2)
    for offset in (8, 7, 9):
        order.take(publication(offset))

    assert offsets(order.settle(order.waiting)) == ["lost", 7, 8, "lost"]
    assert order.position == at(9)
    assert not order.lacks


def test_the_newer_epoch_is_the_one_when_both_have_come() -> None:
    order = ordered(5)
    order.take(publication(3, "f"))
    order.take(publication(8))

    assert order.lose() == [Gap("room:1", "lost", at(2, "f")), publication(3, "f")]
    assert order.take(publication(9)) == []
    assert not order.lacks


def test_what_is_held_follows_when_history_fills_the_hole_before_it() -> None:
    order = ordered(5)
    for offset in (8, 9):
        order.take(publication(offset))

    assert offsets(order.fill(several(6, 7), at(7), False)) == [6, 7, 8, 9]


def test_a_hole_is_one_when_the_server_was_not_asked_to_recover() -> None:
    order = ordered(5)
    order.lose(at(2, "f"))
    order.take(publication(3, "f"))

    assert order.resume(at(6, "f"), None, []) == []
    assert order.position == at(3, "f")


def test_it_goes_on_where_the_server_says_when_the_epoch_is_another() -> None:
    order = ordered(5)

    assert order.fill([], at(9, "f"), False) == [Gap("room:1", "lost", at(9, "f"))]
    assert offsets(order.take(publication(10, "f"))) == [10]


@pytest.mark.parametrize("head", [None, at(4), at(5)])
def test_nothing_is_given_when_nobody_says_where_it_goes_on(head: Position | None) -> None:
    order = ordered(5)
    order.take(publication(7))

    assert order.lose(head) == []
    assert order.position == at(5)


def test_a_late_publication_of_a_former_epoch_is_dropped_when_history_has_been_read() -> None:
    order = ordered(5)
    order.take(publication(9, "d"))
    waiting = order.waiting
    order.take(publication(1, "f"))

    assert order.settle(waiting) == []
    assert order.take(publication(10, "d")) == []
    assert order.waiting == {at(1, "f")}


@pytest.mark.parametrize("recovered", [True, False])
def test_nothing_is_given_again_when_the_answer_is_older_than_what_came(recovered: bool) -> None:
    order = ordered(5)
    order.take(publication(6))

    assert order.resume(at(5), recovered, []) == []
    assert order.position == at(6)
