from typing import Any

import pytest

from connection_store import Channel, ChannelHead, History, Position, StoreBusyError, TransactionConflictError
from connection_store.history import APPEND_ATTEMPTS
from connection_store.wire import encode
from tests.contract.faults import Clock, conflict, refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Script

NOW = 1_767_225_600_000
ROOM = Channel("chat:1")
TIMES = {"published_at": NOW, "expires_at": NOW // 1000 + 300}
HEAD = ChannelHead("e1", 3, 4, NOW, NOW // 1000 + 86_400)


def page(*offsets: int, epoch: str = "e1") -> dict[str, Any]:
    """What a query answers that sees these publications."""
    rows = ({"pk": "-", "sk": f"{n}", "epoch": epoch, "offset": n, "data": "1"} | TIMES for n in offsets)
    return {"Items": [encode(row) for row in rows]}


HEAD_ANSWER = {"Item": encode(HEAD.to_record("", "chat:1"))}
REFUSED = refusal(
    "TransactionCanceledException",
    reasons=[
        {"Code": "ConditionalCheckFailed", "Item": HEAD_ANSWER["Item"]},
        {"Code": "None"},
    ],
)


async def test_head_is_read_before_the_query_and_both_consistently(make_table: MakeTable) -> None:
    script = Script(HEAD_ANSWER, page(1, 2, 3))
    found = await History(make_table(engine=script)).page(ROOM, now=NOW)
    assert [each.position.offset for each in found.publications] == [1, 2, 3]
    assert [operation for operation, _ in script.requests] == ["GetItem", "Query"]
    assert all(request["ConsistentRead"] for _, request in script.requests)


async def test_missed_are_recovered_when_the_last_of_three_repetitions_sees_them(
    make_table: MakeTable, clock: Clock
) -> None:
    script = Script(page(1), page(1, 3), page(1, 2), page(1, 2, 3))
    recovery = await History(make_table(engine=script)).recover(ROOM, Position("e1", 0), HEAD, now=NOW)
    assert recovery.recovered
    assert [each.position.offset for each in recovery.publications] == [1, 2, 3]
    assert len(clock.pauses) == 3


@pytest.mark.parametrize(
    "answer", [page(), page(1), page(1, 2), page(1, 3), page(1, 2, 3, epoch="e2")], ids=str
)
async def test_nothing_is_recovered_when_three_repetitions_do_not_see_all(
    make_table: MakeTable, clock: Clock, answer: dict[str, Any]
) -> None:
    script = Script(answer)
    recovery = await History(make_table(engine=script)).recover(ROOM, Position("e1", 0), HEAD, now=NOW)
    assert (recovery.recovered, recovery.publications) == (False, ())
    assert recovery.position == ("e1", 3)
    assert (len(script.requests), len(clock.pauses)) == (4, 3)


async def test_nothing_is_read_again_when_the_missed_have_expired(
    make_table: MakeTable, clock: Clock
) -> None:
    script = Script(page(2, 3))
    history = History(make_table(engine=script))
    assert not (await history.recover(ROOM, Position("e1", 0), HEAD, now=NOW)).recovered
    assert len(script.requests) == 1
    assert not (await history.recover(ROOM, Position("e1", 0), HEAD, now=NOW + 300_000)).recovered
    assert (len(script.requests), clock.pauses) == (1, [])


async def test_nothing_is_read_again_when_the_missed_fit_no_frame(
    make_table: MakeTable, clock: Clock
) -> None:
    script = Script(page(1) | {"LastEvaluatedKey": encode({"pk": "-", "sk": "1"})})
    history = History(make_table(engine=script))
    recovery = await history.recover(ROOM, Position("e1", 0), HEAD, room=0, now=NOW)
    assert not recovery.recovered
    assert (len(script.requests), clock.pauses) == (1, [])


async def test_nothing_is_read_again_when_rows_of_a_longer_window_are_left(
    make_table: MakeTable, clock: Clock
) -> None:
    answer = page(1, 3)
    answer["Items"][0] |= encode({"published_at": NOW - 300_000})
    script = Script(HEAD_ANSWER, answer)
    found = await History(make_table(engine=script)).page(ROOM, now=NOW)
    assert [each.position.offset for each in found.publications] == [3]
    assert (len(script.requests), clock.pauses) == (2, [])


@pytest.mark.parametrize(
    ("last", "offsets", "requests"), [(page(1, 2, 3), [1, 2, 3], 3), (page(1, 3), [3], 5)], ids=str
)
async def test_page_begins_after_a_hole_when_three_repetitions_do_not_fill_it(
    make_table: MakeTable, last: dict[str, Any], offsets: list[int], requests: int
) -> None:
    script = Script(HEAD_ANSWER, page(1, 3), last)
    found = await History(make_table(engine=script)).page(ROOM, now=NOW)
    assert [each.position.offset for each in found.publications] == offsets
    assert len(script.requests) == requests


@pytest.mark.parametrize(
    "since", [Position("e2", 2), Position("e1", 4), Position("e1", -1), Position("e1", 3)]
)
async def test_nothing_is_asked_when_the_head_says_it_all(make_table: MakeTable, since: Position) -> None:
    script = Script({})
    recovery = await History(make_table(engine=script)).recover(ROOM, since, HEAD, now=NOW)
    assert recovery.recovered is (since == HEAD.position)
    assert script.requests == []


async def test_page_is_refused_when_a_publication_below_the_head_stays_unseen(make_table: MakeTable) -> None:
    with pytest.raises(StoreBusyError):
        await History(make_table(engine=Script(HEAD_ANSWER, page(1, 2)))).page(ROOM, now=NOW)


@pytest.mark.parametrize("trouble", [conflict("TransactWriteItems"), REFUSED])
async def test_f28_conflict_is_raised_when_others_publish_every_time(
    make_table: MakeTable, clock: Clock, trouble: BaseException
) -> None:
    script = Alternating(HEAD_ANSWER, trouble)
    with pytest.raises(TransactionConflictError):
        await History(make_table(engine=script, budget=60)).append(ROOM, '"a"', now=NOW)
    assert script.reads == APPEND_ATTEMPTS
    assert 0 < sum(clock.pauses) < 60


class Alternating:
    """An engine on which HEAD can be read, and nothing written."""

    def __init__(self, head: dict[str, Any], trouble: BaseException) -> None:
        self._head = head
        self._trouble = trouble
        self.reads = 0

    async def call(self, operation: str, request: Any) -> dict[str, Any]:
        if operation != "GetItem":
            raise self._trouble
        self.reads += 1
        return self._head

    async def close(self) -> None:
        pass


async def test_write_is_conditional_on_all_that_was_read_of_the_head(make_table: MakeTable) -> None:
    script = Script(HEAD_ANSWER, {})
    await History(make_table(engine=script)).append(
        Channel("chat:1", shards=16), '"a"', publisher="ann", key="1", now=NOW - 5
    )
    [head, publication, marker] = script.requests[1][1]["TransactItems"]
    assert head["Update"]["ConditionExpression"] == "epoch = :epoch AND top = :had AND shards = :counted"
    values = {
        name: next(iter(value.values()))
        for name, value in head["Update"]["ExpressionAttributeValues"].items()
    }
    assert values == {
        ":epoch": "e1",
        ":had": "3",
        ":counted": "4",
        ":top": "4",
        ":shards": "16",
        ":published_at": str(NOW),
        ":ends": str(HEAD.expires_at),
    }
    assert publication["Put"]["Item"]["sk"]["S"] == "o#0000000000000004"
    assert marker["Put"]["ConditionExpression"] == "attribute_not_exists(pk) OR expires_at <= :seconds"
    assert marker["Put"]["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
