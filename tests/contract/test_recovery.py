"""F27: someone who comes back is given all that was missed, in order, or told that it cannot be."""

import pytest

from connection_store import Channel, ChannelHead, ConnectionManager, History, Position, Subscriptions, Table
from signalbox.testing.capacity import CapacityMeter
from tests.contract.conftest import Ask, MakeTable
from tests.contract.instants import NOW

ROOM = Channel("chat:1", history_size=5)
ROOMY = Channel("chat:1")
SAME, OTHER = True, False


async def fill(history: History, number: int) -> None:
    for n in range(1, number + 1):
        await history.append(ROOM, f'"{n}"', now=NOW + n)


@pytest.fixture
async def head(connections: ConnectionManager, subscriptions: Subscriptions, history: History) -> ChannelHead:
    """HEAD of a channel with ten publications and a window of five, as a subscriber gets it."""
    await fill(history, 10)
    connection = await connections.connect("c-1", now=NOW)
    [subscribed] = await subscriptions.subscribe(connection, [ROOM], now=NOW)
    return subscribed.head


@pytest.mark.parametrize(
    ("epoch", "offset", "missed"),
    [
        (SAME, 10, []),
        (SAME, 9, [10]),
        (SAME, 7, [8, 9, 10]),
        (SAME, 5, [6, 7, 8, 9, 10]),
        (SAME, 4, None),
        (SAME, 0, None),
        (SAME, 11, None),
        (SAME, 10**30, None),
        (SAME, -1, None),
        (OTHER, 10, None),
        (OTHER, 7, None),
        (OTHER, 5, None),
        (OTHER, 4, None),
        (OTHER, 11, None),
    ],
)
async def test_f27_all_that_was_missed_is_recovered_or_nothing(
    history: History, head: ChannelHead, epoch: bool, offset: int, missed: list[int] | None
) -> None:
    since = Position(head.epoch if epoch is SAME else "ffff", offset)
    recovery = await history.recover(ROOM, since, head, now=NOW)
    assert recovery.recovered is (missed is not None)
    assert [each.position for each in recovery.publications] == [(head.epoch, n) for n in missed or []]
    assert [each.data for each in recovery.publications] == [f'"{n}"' for n in missed or []]
    assert recovery.position == (head.epoch, 10)


async def test_f27_nothing_is_recovered_when_any_of_it_has_expired(history: History) -> None:
    for n in range(3):
        await history.append(ROOM, f'"{n}"', now=NOW + n * 100_000)
    head = await history.head("chat:1", now=NOW)
    assert head is not None
    cases = [(299_999, 0, 3), (300_000, 0, None), (300_000, 1, 2), (500_000, 2, None), (500_000, 3, 0)]
    for after, offset, missed in cases:
        recovery = await history.recover(ROOM, Position(head.epoch, offset), head, now=NOW + after)
        assert (recovery.recovered, len(recovery.publications)) == (missed is not None, missed or 0)


async def test_f27_nothing_is_recovered_when_rows_are_lost(
    history: History, head: ChannelHead, table: Table, ask: Ask
) -> None:
    since = Position(head.epoch, 6)
    key = {"pk": {"S": "hist#chat:1"}, "sk": {"S": "o#0000000000000008"}}
    ask("DeleteItem", TableName=table.name, Key=key)
    assert not (await history.recover(ROOM, since, head, now=NOW)).recovered
    assert (await history.recover(ROOM, Position(head.epoch, 8), head, now=NOW)).recovered


async def test_f27_nothing_is_recovered_when_the_head_was_lost_and_made_again(
    history: History, head: ChannelHead, table: Table, ask: Ask
) -> None:
    ask("DeleteItem", TableName=table.name, Key={"pk": {"S": "hist#chat:1"}, "sk": {"S": "@"}})
    await fill(history, 9)
    again = await history.head("chat:1", now=NOW)
    assert again is not None
    assert not (await history.recover(ROOM, Position(head.epoch, 7), again, now=NOW)).recovered
    # Nor do rows of the old epoch pass for the new one's, to whoever read the old HEAD.
    assert not (await history.recover(ROOM, Position(head.epoch, 7), head, now=NOW)).recovered
    page = await history.page(ROOM, now=NOW)
    assert [each.position for each in page.publications] == [(again.epoch, n) for n in range(5, 10)]


async def test_recovery_is_refused_when_more_was_missed_than_asked_for(
    history: History, head: ChannelHead
) -> None:
    for limit, recovered in ((2, False), (3, True)):
        since = Position(head.epoch, 7)
        assert (await history.recover(ROOM, since, head, limit=limit, now=NOW)).recovered is recovered


@pytest.mark.parametrize(("room", "recovered"), [(17, False), (18, True)])
async def test_recovery_is_refused_when_more_bytes_were_missed_than_there_is_room_for(
    history: History, room: int, recovered: bool
) -> None:
    for data in ('"lost"', '"é"', '"日本"', '"\N{GRINNING FACE}"'):
        last = await history.append(ROOM, data, now=NOW)
    head = await history.head("chat:1", now=NOW)
    assert head is not None
    since = Position(last.position.epoch, 1)
    recovery = await history.recover(ROOM, since, head, room=room, now=NOW)
    assert (recovery.recovered, len(recovery.publications)) == (recovered, 3 if recovered else 0)
    assert recovery.position == last.position


@pytest.mark.parametrize("expired", [False, True])
async def test_reading_ends_with_the_first_page_when_not_all_of_it_can_be_recovered(
    table: Table, make_table: MakeTable, expired: bool
) -> None:
    meter = CapacityMeter()
    history = History(make_table(listener=meter))
    for n in range(16):
        # The last is not among the expired: else HEAD alone would tell.
        await history.append(ROOMY, "x" * 150_000, now=NOW + (300_000 if n == 15 else 0))
    head = await history.head("chat:1", now=NOW)
    assert head is not None
    meter.requests.clear()
    meter.reads.clear()
    now = NOW + 300_000 if expired else NOW
    recovery = await history.recover(ROOMY, Position(head.epoch, 0), head, room=100_000, now=now)
    assert not recovery.recovered
    assert meter.requests == {"Query": 1}
    assert sum(meter.reads.values()) <= 256
