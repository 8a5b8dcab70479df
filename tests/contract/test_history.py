import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from connection_store import (
    Channel,
    History,
    HistoryGoneError,
    InvalidKeyError,
    ItemTooLargeError,
    Position,
    Table,
    TransactionConflictError,
)
from tests.contract.conftest import MakeTable
from tests.contract.instants import NOW

ROOM = Channel("chat:1", history_size=500, history_seconds=300)

Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]


async def fill(history: History, number: int, channel: Channel = ROOM) -> list[Position]:
    return [(await history.append(channel, f'"{n}"', now=NOW + n)).position for n in range(1, number + 1)]


async def offsets(history: History, channel: Channel = ROOM, **options: Any) -> list[int]:
    page = await history.page(channel, **{"now": NOW, **options})
    return [each.position.offset for each in page.publications]


async def test_rows_are_as_documented_when_published(history: History, rows: Rows) -> None:
    appended = await history.append(ROOM, '{"text":"é"}', publisher="ann#1", key="k-1", now=NOW)
    epoch = appended.position.epoch
    assert (appended.position, appended.published_at) == ((epoch, 1), NOW)
    assert (appended.shards, appended.new) == (4, True)
    assert rows() == {
        ("hist#chat:1", "@"): {
            "epoch": epoch,
            "top": 1,
            "shards": 4,
            "published_at": NOW,
            "expires_at": NOW // 1000 + 86_400,
        },
        ("hist#chat:1", "o#0000000000000001"): {
            "epoch": epoch,
            "offset": 1,
            "data": '{"text":"é"}',
            "published_at": NOW,
            "expires_at": NOW // 1000 + 300,
        },
        ("seen#chat:1", "ann#1#k-1"): {
            "epoch": epoch,
            "top": 1,
            "published_at": NOW,
            "expires_at": NOW // 1000 + 600,
        },
    }


async def test_g2_offsets_rise_by_one_when_published_one_after_the_other(history: History) -> None:
    positions = await fill(history, 5)
    assert [each.offset for each in positions] == [1, 2, 3, 4, 5]
    assert len({each.epoch for each in positions}) == 1
    head = await history.head("chat:1", now=NOW)
    assert head is not None
    assert head.position == positions[-1]


async def test_f28_offsets_have_no_hole_when_fifty_publish_at_once(history: History) -> None:
    publish = (history.append(ROOM, f'"{n}"', publisher=f"p-{n}", key="1", now=NOW) for n in range(50))
    results = await asyncio.gather(*publish, return_exceptions=True)
    acks = [each for each in results if not isinstance(each, BaseException)]
    assert all(isinstance(each, TransactionConflictError) for each in results if each not in acks)
    stored = (await history.page(ROOM, limit=100, now=NOW)).publications
    assert [each.position.offset for each in stored] == list(range(1, len(acks) + 1))
    by_offset = {each.position: each.data for each in stored}
    for number, ack in enumerate(results):
        if not isinstance(ack, BaseException):
            assert by_offset[ack.position] == f'"{number}"'
    assert len(acks) >= 10


async def test_g4_first_ack_is_returned_when_the_key_is_seen_again(history: History, rows: Rows) -> None:
    first = await history.append(ROOM, '"a"', publisher="ann", key="1", now=NOW)
    await history.append(ROOM, '"b"', publisher="ann", key="2", now=NOW + 1)
    before = rows()
    again = await history.append(ROOM, '"c"', publisher="ann", key="1", now=NOW + 2_000)
    assert (again.position, again.published_at, again.new) == (first.position, NOW, False)
    assert rows() == before


async def test_g4_one_is_stored_when_the_same_key_comes_many_times_at_once(history: History) -> None:
    copies = (history.append(ROOM, '"a"', publisher="ann", key="1", now=NOW) for _ in range(8))
    acks = await asyncio.gather(*copies)
    assert {each.position.offset for each in acks} == {1}
    assert sum(each.new for each in acks) == 1
    assert await offsets(history) == [1]


async def test_g4_nothing_is_lost_when_two_publishers_number_their_requests(history: History) -> None:
    acks = [
        await history.append(ROOM, f'"{publisher}{number}"', publisher=publisher, key=str(number), now=NOW)
        for number in range(1, 6)
        for publisher in ("ann", "bob")
    ]
    assert [each.position.offset for each in acks] == list(range(1, 11))


async def test_publishers_do_not_meet_when_their_ids_hold_separators(history: History) -> None:
    first = await history.append(ROOM, '"a"', publisher="ann#1", key="2", now=NOW)
    second = await history.append(ROOM, '"b"', publisher="ann", key="1.2", now=NOW)
    assert (first.new, second.new) == (True, True)
    with pytest.raises(InvalidKeyError):
        await history.append(ROOM, '"c"', publisher="ann", key="1#2", now=NOW)


async def test_key_is_forgotten_when_ten_minutes_have_passed(history: History) -> None:
    await history.append(ROOM, '"a"', publisher="ann", key="1", now=NOW)
    assert not (await history.append(ROOM, '"a"', publisher="ann", key="1", now=NOW + 599_999)).new
    assert (await history.append(ROOM, '"a"', publisher="ann", key="1", now=NOW + 600_000)).new


@pytest.mark.parametrize("key", ["", "x" * 65, "x" * 10_240, "a b", "é", "a#b", "a\n"])
async def test_nothing_is_stored_when_the_key_is_malformed(history: History, rows: Rows, key: str) -> None:
    with pytest.raises(InvalidKeyError):
        await history.append(ROOM, '"a"', publisher="ann", key=key, now=NOW)
    with pytest.raises(InvalidKeyError):
        await history.append(ROOM, '"a"', publisher="a" * 1_000, key="x" * 64, now=NOW)
    assert rows() == {}


async def test_largest_message_fits(history: History) -> None:
    data = "é" * 16_384
    await history.append(ROOM, data, publisher="ann", key="1", now=NOW)
    [publication] = (await history.page(ROOM, now=NOW)).publications
    assert publication.data == data


async def test_nothing_is_stored_when_the_publication_fits_no_item(history: History, rows: Rows) -> None:
    with pytest.raises(ItemTooLargeError):
        await history.append(ROOM, "x" * 410_000, publisher="ann", key="1", now=NOW)
    assert rows() == {}


async def test_nothing_is_stored_when_the_channel_has_no_history(history: History, rows: Rows) -> None:
    with pytest.raises(ValueError, match="no history"):
        await history.append(Channel("chat:1", history_size=0), '"a"', now=NOW)
    assert rows() == {}


async def test_epoch_is_new_when_the_head_has_expired(history: History) -> None:
    [first] = await fill(history, 1)
    day = 86_400_000
    assert (await history.append(ROOM, '"b"', now=NOW + day - 1_000)).position == (first.epoch, 2)
    later = await history.append(ROOM, '"c"', now=NOW + 2 * day)
    assert later.position.offset == 1
    assert later.position.epoch != first.epoch


async def test_number_of_shards_grows_with_a_publication_and_never_shrinks(history: History) -> None:
    acks = [await history.append(Channel("chat:1", n), '"a"', now=NOW) for n in (1, 16, 4)]
    assert [each.shards for each in acks] == [1, 16, 16]


async def test_time_does_not_go_back_in_an_epoch_when_clocks_differ(history: History) -> None:
    await history.append(ROOM, '"a"', now=NOW)
    assert (await history.append(ROOM, '"b"', now=NOW - 300_000)).published_at == NOW


async def test_heads_are_found_together(history: History) -> None:
    for n in range(5):
        await history.append(Channel(f"chat:{n}"), '"a"', now=NOW)
    heads = await history.heads([f"chat:{n}" for n in range(100)], now=NOW)
    assert {name: head.offset for name, head in heads.items()} == {f"chat:{n}": 1 for n in range(5)}
    assert await history.heads([], now=NOW) == {}


async def test_prefixes_have_histories_of_their_own(make_table: MakeTable, table: Table) -> None:
    one, two = History(table, "one"), History(table, "two")
    for history in (one, two, one):
        await history.append(ROOM, '"a"', publisher="ann", key="1", now=NOW)
    assert await offsets(one) == await offsets(two) == [1]


# Pages


@pytest.mark.parametrize(("limit", "pages"), [(3, 4), (5, 2)])
@pytest.mark.parametrize("reverse", [False, True])
async def test_pages_add_up_when_turned_either_way(
    history: History, limit: int, pages: int, reverse: bool
) -> None:
    await fill(history, 10)
    found: list[int] = []
    bounds: dict[str, Any] = {}
    for number in range(pages):
        page = await history.page(ROOM, limit=limit, reverse=reverse, now=NOW, **bounds)
        found += [each.position.offset for each in page.publications]
        assert page.more is (number < pages - 1)
        bounds = {"until" if reverse else "since": page.publications[-1].position}
    assert found == (list(range(10, 0, -1)) if reverse else list(range(1, 11)))


async def test_page_keeps_between_its_bounds(history: History) -> None:
    positions = await fill(history, 10)
    since, until = positions[1], positions[6]
    assert await offsets(history, since=since, until=until) == [3, 4, 5, 6]
    assert await offsets(history, since=since, until=until, reverse=True) == [6, 5, 4, 3]
    assert await offsets(history, since=since, until=until, limit=2, reverse=True) == [6, 5]
    assert await offsets(history, since=until, until=since) == []


@pytest.mark.parametrize("offset", [-1, -(10**30), 4, 10**30])
async def test_page_is_clamped_when_an_offset_is_from_nowhere(history: History, offset: int) -> None:
    epoch = (await fill(history, 3))[0].epoch
    nowhere = Position(epoch, offset)
    assert await offsets(history, since=nowhere) == ([] if offset > 0 else [1, 2, 3])
    assert await offsets(history, until=nowhere) == ([1, 2, 3] if offset > 0 else [])


async def test_page_is_refused_when_a_position_is_of_another_epoch(history: History) -> None:
    other = Position("ffff", 1)
    with pytest.raises(HistoryGoneError):
        await history.page(ROOM, since=other, now=NOW)
    await fill(history, 3)
    with pytest.raises(HistoryGoneError):
        await history.page(ROOM, since=other, now=NOW)
    with pytest.raises(HistoryGoneError):
        await history.page(ROOM, until=other, now=NOW)


async def test_page_is_empty_when_nothing_was_published(history: History) -> None:
    page = await history.page(ROOM, now=NOW)
    assert (page.publications, page.head, page.more) == ((), None, False)


@pytest.mark.parametrize("limit", [0, -1, 1_001])
async def test_page_is_refused_when_its_limit_is_out_of_range(history: History, limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        await history.page(ROOM, limit=limit, now=NOW)


async def test_window_of_size_hides_what_is_older(history: History) -> None:
    small = Channel("chat:1", history_size=3)
    positions = await fill(history, 10, small)
    assert await offsets(history, small) == [8, 9, 10]
    assert await offsets(history, small, since=positions[0]) == [8, 9, 10]
    assert await offsets(history, small, until=positions[8], reverse=True) == [8]
    assert await offsets(history, small, until=positions[5]) == []


async def test_window_of_time_hides_what_is_older(history: History) -> None:
    await history.append(ROOM, '"a"', now=NOW)
    await history.append(ROOM, '"b"', now=NOW + 100_000)
    positions = [each.position for each in (await history.page(ROOM, now=NOW)).publications]
    assert await offsets(history, now=NOW + 299_999) == [1, 2]
    assert await offsets(history, now=NOW + 300_000) == [2]
    assert await offsets(history, now=NOW + 300_000, until=positions[1]) == []
    assert await offsets(history, now=NOW + 300_000, limit=1, reverse=True) == [2]
    assert await offsets(history, now=NOW + 300_000, limit=1) == [2]
    assert await offsets(history, now=NOW + 400_000) == []


async def test_history_can_be_read_when_its_window_was_shortened(history: History) -> None:
    long = Channel("chat:1", history_seconds=3_600)
    await history.append(long, '"a"', now=NOW)
    await history.append(ROOM, '"b"', now=NOW + 1_000)
    await history.append(ROOM, '"c"', now=NOW + 290_000)
    assert await offsets(history, now=NOW + 200_000) == [1, 2, 3]
    for after in (320_000, 580_000):
        assert await offsets(history, now=NOW + after) == [3]
        assert await offsets(history, now=NOW + after, limit=1) == [3]
        assert await offsets(history, now=NOW + after, reverse=True) == [3]
    # And when the release with the shorter one was taken back.
    assert await offsets(history, long, now=NOW + 320_000) == [3]
    await history.append(long, '"d"', now=NOW + 330_000)
    assert await offsets(history, long, now=NOW + 600_000) == [4]
