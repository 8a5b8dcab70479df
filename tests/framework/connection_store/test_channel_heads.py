from typing import Any

import pytest

from connection_store import Channel, ChannelHead, TransactionConflictError
from connection_store.channel_heads import ATTEMPTS, ChannelHeads
from connection_store.wire import encode
from tests.contract.faults import Clock, refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Script

NOW = 1_767_225_600_000
UNTIL = NOW // 1000 + 7_500
ROOM = Channel("chat:1", shards=4)
NOBODY: dict[str, Any] = {}
REFUSED = refusal("ConditionalCheckFailedException")


def found(head: ChannelHead) -> dict[str, Any]:
    return {"Item": encode(head.to_record("", "chat:1"))}


async def test_head_of_whoever_was_faster_is_taken_when_two_make_it(
    make_table: MakeTable, clock: Clock
) -> None:
    theirs = ChannelHead("e1", 0, 4, 0, UNTIL)
    script = Script(NOBODY, REFUSED, found(theirs))
    heads = await ChannelHeads(make_table(engine=script), "").ensure([ROOM], UNTIL, now=NOW)
    assert heads == {"chat:1": theirs}
    assert len(clock.pauses) == 1
    assert script.requests[-1][1]["ConsistentRead"]


@pytest.mark.parametrize(
    "lacking",
    [ChannelHead("e1", 7, 1, NOW, UNTIL + 1), ChannelHead("e1", 7, 16, NOW, UNTIL - 1)],
    ids=["shards", "life"],
)
async def test_head_is_bettered_and_nothing_taken_from_it_when_it_does_not_do(
    make_table: MakeTable, lacking: ChannelHead
) -> None:
    script = Script(found(lacking), {})
    heads = await ChannelHeads(make_table(engine=script), "").ensure([ROOM], UNTIL, now=NOW)
    better = heads["chat:1"]
    assert (better.position, better.published_at) == (lacking.position, NOW)
    assert better.shards == max(4, lacking.shards)
    assert better.expires_at > UNTIL
    assert [operation for operation, _ in script.requests] == ["GetItem", "UpdateItem"]


async def test_heads_are_read_in_one_batch_when_there_are_several_channels(make_table: MakeTable) -> None:
    script = Script({"Responses": {"table": []}}, {})
    rooms = [ROOM, Channel("chat:2")]
    assert list(await ChannelHeads(make_table(engine=script), "").ensure(rooms, UNTIL, now=NOW)) == [
        "chat:1",
        "chat:2",
    ]
    assert [operation for operation, _ in script.requests] == ["BatchGetItem", "PutItem", "PutItem"]


async def test_conflict_is_raised_when_others_are_faster_every_time(
    make_table: MakeTable, clock: Clock
) -> None:
    short = found(ChannelHead("e1", 0, 1, 0, UNTIL))
    script = Script(NOBODY, *[REFUSED, short] * ATTEMPTS)
    with pytest.raises(TransactionConflictError):
        await ChannelHeads(make_table(engine=script), "").ensure([ROOM], UNTIL, now=NOW)
    assert len(clock.pauses) == ATTEMPTS


async def test_epochs_are_never_the_same(make_table: MakeTable) -> None:
    heads = ChannelHeads(make_table({}), "")
    assert len({heads.fresh(ROOM, now=NOW).epoch for _ in range(1_000)}) == 1_000
